#include "dispatch/gatherer.h"

#include <algorithm>

#include "dispatch/lanes.h"

namespace trot {
namespace {

constexpr int64_t sweep_ms = 2000;
constexpr int64_t again_ms = 1000;  // after a failure
constexpr int64_t breath_ms = 5;    // between two closings of one subscription: each is a commit
constexpr int64_t repair_ms = 60000;
constexpr int repair_lanes = 200;  // looked at in one commit

}  // namespace

Result<void> LaneRepair::write(Tx& tx, bool) {
    freed.clear();
    for (const Lane& lane : lanes)
        if (Result<void> done = let_go(tx, lane, 2, 0, freed); !done) return done;
    return {};
}

Gatherer::Gatherer(Context& context, Seams seams)
    : context_(context),
      seams_(std::move(seams)),
      timer_(context.base, -1, 0, [this] { ring(); }),
      sweep_(context.base, -1, 0, [this] { look(); }) {}

void Gatherer::start() {
    running_ = true;
    look();
}

void Gatherer::stop() {
    running_ = false;
    timer_.disarm();
    sweep_.disarm();
    alarms_.clear();
    watched_.clear();
    repaired_to_ = {};
    repair_at_ms_ = 0;
}

int64_t Gatherer::steady_of(int64_t run_ms) {
    return context_.steady_ms() + std::max<int64_t>(0, run_ms - context_.run.now_ms());
}

// The earliest alarm counts.
void Gatherer::set(int64_t subscription, Watched& watched, int64_t at_ms) {
    if (watched.at_ms >= 0 && watched.at_ms <= at_ms) return;
    if (watched.at_ms >= 0) alarms_.erase({watched.at_ms, subscription});
    watched.at_ms = at_ms;
    alarms_.emplace(at_ms, subscription);
    if (alarms_.begin()->first == at_ms) timer_.arm_ms(std::max<int64_t>(0, at_ms - context_.steady_ms()));
}

// How long what is due waits for company.
int64_t Gatherer::wait_of(const EndpointRef& endpoint) {
    if (!endpoint) return 0;
    const BatchRules& batch = endpoint->settings->batch;
    return batch.most > 1 ? batch.wait_ms : 0;
}

void Gatherer::gathers(const Delivery& delivery, uint64_t bytes) {
    if (!running_) return;
    Watched& watched = watched_[delivery.subscription];
    const EndpointRef endpoint = seams_.endpoint(delivery.subscription);
    if (!endpoint) return;  // the sweep finds it when it can be had
    const BatchRules& batch = endpoint->settings->batch;
    ++watched.waiting;
    watched.bytes += bytes;
    const bool full = batch.most > 1 && (watched.waiting >= batch.most || watched.bytes >= most_batch_bytes);
    set(delivery.subscription, watched, steady_of(delivery.due_ms + (full ? 0 : wait_of(endpoint))));
}

void Gatherer::look() {
    if (!running_) return;
    sweep_.arm_ms(sweep_ms);
    Reader* reader = context_.read();
    if (reader == nullptr) return;
    repair(*reader);
    const Result<std::vector<GatheringRow>> rows = reader->gathering();
    if (!rows) return context_.read_failed(rows.fault());
    for (const GatheringRow& row : rows.value()) {
        Watched& watched = watched_[row.subscription];
        if (!watched.flying)
            set(row.subscription, watched, steady_of(row.due_ms + wait_of(seams_.endpoint(row.subscription))));
    }
}

void Gatherer::ring() {
    if (!running_) return;
    const int64_t now = context_.steady_ms();
    while (!alarms_.empty() && alarms_.begin()->first <= now) {
        const int64_t subscription = alarms_.begin()->second;
        alarms_.erase(alarms_.begin());
        Watched& watched = watched_[subscription];
        watched.at_ms = -1;
        close(subscription, watched);
    }
    if (!alarms_.empty()) timer_.arm_ms(std::max<int64_t>(1, alarms_.begin()->first - now));
}

void Gatherer::close(int64_t subscription, Watched& watched) {
    if (watched.flying) {
        watched.again = true;
        return;
    }
    const EndpointRef endpoint = seams_.endpoint(subscription);
    if (!endpoint) {  // what gathers stays as it is until its subscription is back
        watched_.erase(subscription);
        return;
    }
    auto closing = std::make_shared<Closing>();
    closing->subscription = subscription;
    closing->now_ms = context_.run.now_ms();
    closing->batch = endpoint->settings->batch;
    closing->shape = endpoint->shape;
    watched.flying = true;
    watched.again = false;
    watched.taken = watched.waiting;
    watched.taken_bytes = watched.bytes;
    ++flying_;
    LoopJob<Closing>::submit(context_, std::move(closing),
                             [this](Closing& done, const Result<void>& result) { came_back(done, result); });
}

void Gatherer::came_back(const Closing& closing, const Result<void>& result) {
    --flying_;
    if (!running_) return seams_.ended();
    Watched& watched = watched_[closing.subscription];
    watched.flying = false;
    const int64_t now = context_.steady_ms();
    if (!result) {
        uint64_t more = 0;
        if (context_.quiet_read.pass(context_.clock.steady_us(), more))
            context_.log.write(Level::error,
                               "dispatch: what gathers cannot be sent on and waits: " + result.fault().text);
        set(closing.subscription, watched, now + again_ms);
        return seams_.ended();
    }
    watched.waiting += closing.waiting - watched.taken;
    watched.bytes += closing.waiting_bytes - watched.taken_bytes;
    if (closing.more || watched.again)
        set(closing.subscription, watched, now + breath_ms);
    else if (closing.next_ms >= 0)
        set(closing.subscription, watched, std::max(steady_of(closing.next_ms), now + breath_ms));
    else if (watched.at_ms < 0)
        watched_.erase(closing.subscription);
    for (const Delivery& delivery : closing.closed) seams_.closed(delivery);
    seams_.ended();
}

void Gatherer::repair(Reader& reader) {
    if (context_.steady_ms() < repair_at_ms_) return;
    auto found = std::make_shared<LaneRepair>();
    Result<std::vector<Lane>> stranded = reader.stranded(repaired_to_, repair_lanes);
    if (!stranded) return context_.read_failed(stranded.fault());
    if (repaired_to_.name.empty()) repair_at_ms_ = context_.steady_ms() + repair_ms;
    if (stranded.value().empty()) return;
    found->lanes = std::move(stranded).value();
    ++flying_;
    LoopJob<LaneRepair>::submit(context_, std::move(found),
                                [this](LaneRepair& done, const Result<void>& result) { repaired(done, result); });
}

void Gatherer::repaired(const LaneRepair& done, const Result<void>& result) {
    --flying_;
    if (running_ && result && !done.freed.empty()) {
        context_.log.write(Level::warning, "dispatch: " + std::to_string(done.freed.size()) +
                                               " deliveries waited in their lanes for ones that are gone; they go on");
        for (const Delivery& one : done.freed) gathers(one, 0);
    }
    seams_.ended();
}

}  // namespace trot
