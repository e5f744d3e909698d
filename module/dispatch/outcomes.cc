#include "dispatch/outcomes.h"

#include <algorithm>

#include "dispatch/lanes.h"

namespace trot {
namespace {

constexpr size_t batch_outcomes = 500;
constexpr size_t hurry_outcomes = 100;  // this many do not linger
constexpr int64_t linger_ms = 4;

}  // namespace

Result<void> OutcomeBatch::write(Tx& tx, bool in_doubt) {
    freed.clear();
    doubtful = in_doubt;
    for (size_t i = 0; i < outcomes.size(); ++i) {
        if (Result<void> done = tx.finish(outcomes[i]); !done) return done;
        if (outcomes[i].lets_go == 0) continue;
        std::vector<Delivery> next;
        if (Result<void> done = let_go(tx, outcomes[i], next); !done) return done;
        for (Delivery& delivery : next) freed.push_back({std::move(delivery), i});
    }
    for (const SubscriptionChange& change : changes) {
        if (Result<void> done = tx.move_subscription(change.number, change.before, change.state, change.reason,
                                                     change.failures, change.failing_ms);
            !done)
            return done;
    }
    for (Event& event : events) {
        if (in_doubt) {
            Result<bool> known = tx.has_event(event.capture, event.item, event.at_ms);
            if (!known) return known.fault();
            if (known.value()) continue;
        }
        if (Result<void> done = tx.add_event(event); !done) return done;
    }
    return {};
}

size_t OutcomeBatch::bytes() const {
    size_t sum = 0;
    for (const Outcome& outcome : outcomes) sum += 128 + outcome.attempt.answer.size() + outcome.attempt.head.size();
    return sum;
}

OutcomeBook::OutcomeBook(Context& context, Durable durable)
    : context_(context), durable_(std::move(durable)), timer_(context.base, -1, 0, [this] { submit(failures_ > 0); }) {}

void OutcomeBook::add(const EndpointRef& endpoint, Outcome outcome) {
    next_->outcomes.push_back(std::move(outcome));
    next_->endpoints.push_back(endpoint);
    linger();
}

void OutcomeBook::change(SubscriptionChange change) {
    // The newest state, from what was there before the first of them.
    for (const SubscriptionChange& old : next_->changes)
        if (old.number == change.number && old.before.changed_ms == change.before.changed_ms)
            change.before = old.before;
    std::erase_if(next_->changes, [&change](const SubscriptionChange& old) { return old.number == change.number; });
    next_->changes.push_back(std::move(change));
    linger();
}

void OutcomeBook::add_event(Event event) {
    next_->events.push_back(std::move(event));
    linger();
}

void OutcomeBook::linger() {
    if (flying_) return;  // its return starts the next one
    if (next_->outcomes.size() >= hurry_outcomes)
        submit(false);
    else if (!timer_.waits())
        timer_.arm_ms(linger_ms);
}

void OutcomeBook::flush() {
    if (!flying_ && !idle()) submit(false);
}

void OutcomeBook::submit(bool in_doubt) {
    if (submitted_) return;
    if (!flying_) {
        if (idle()) return;
        flying_ = std::move(next_);
        next_ = std::make_shared<OutcomeBatch>();
        // A burst is cut: one job must not make the group's commit long.
        if (flying_->outcomes.size() > batch_outcomes) {
            const auto cut = static_cast<std::ptrdiff_t>(batch_outcomes);
            next_->outcomes.assign(std::make_move_iterator(flying_->outcomes.begin() + cut),
                                   std::make_move_iterator(flying_->outcomes.end()));
            next_->endpoints.assign(flying_->endpoints.begin() + cut, flying_->endpoints.end());
            flying_->outcomes.resize(batch_outcomes);
            flying_->endpoints.resize(batch_outcomes);
        }
    }
    timer_.disarm();
    submitted_ = true;
    LoopJob<OutcomeBatch>::submit(
        context_, flying_, [this](OutcomeBatch&, const Result<void>& result) { came_back(result); }, in_doubt);
}

void OutcomeBook::came_back(const Result<void>& result) {
    submitted_ = false;
    if (!result) {
        if (failures_++ == 0)
            context_.log.write(Level::error, "dispatch: outcomes of attempts cannot be written and wait in memory: " +
                                                 result.fault().text);
        // A writer that has stopped never takes it: the deliveries stay pending and are sent again after the restart.
        timer_.arm_ms(result.fault().code == Code::stopped ? 1000
                                                           : std::min<int64_t>(5000, 100LL << std::min(failures_, 6U)));
        return;
    }
    if (failures_ > 0) context_.log.write(Level::notice, "dispatch: outcomes are written again");
    failures_ = 0;
    const std::shared_ptr<OutcomeBatch> batch = std::move(flying_);
    flying_.reset();
    if (!idle()) {
        if (next_->outcomes.size() >= hurry_outcomes)
            submit(false);
        else
            timer_.arm_ms(linger_ms);
    }
    durable_(*batch);
}

}  // namespace trot
