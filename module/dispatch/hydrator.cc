#include "dispatch/hydrator.h"

#include <algorithm>

#include "crypto/ids.h"

namespace trot {
namespace {

constexpr int64_t sweep_ms = 5000;
constexpr size_t sweep_rows = 500;
constexpr int64_t read_again_ms = 1000;
constexpr int64_t longest_connect_ms = 5000;

// The query may hold what does not belong into a log.
std::string path_of(const std::string& target) { return target.substr(0, target.find('?')); }

}  // namespace

Hydrator::Hydrator(Context& context, EventCache& cache, Seams seams)
    : context_(context),
      cache_(cache),
      seams_(std::move(seams)),
      book_(context, [this](const HydrationBatch& batch) { durable(batch); }),
      timer_(context.base, -1, 0, [this] { pump(); }),
      sweep_(context.base, -1, 0, [this] { sweep(); }),
      self_(std::make_shared<Hydrator*>(this)) {}

Hydrator::~Hydrator() { *self_ = nullptr; }

void Hydrator::start(const PlanPtr& plan, std::shared_ptr<Transport> transport) {
    plan_ = plan;
    transport_ = std::move(transport);
    headers_.clear();
    for (const HydrateConfig::Header& header : plan_->hydrate.headers)
        headers_.push_back({header.name, std::string(header.value.reveal())});
    if (find_field(headers_, "accept") == nullptr) headers_.push_back({"Accept", "application/json"});
    if (!running_) {
        running_ = true;
        swept_ = 0;
        sweep();
    }
    pump();
}

void Hydrator::stop() {
    if (!running_) return;
    running_ = false;
    ++reign_;
    asking_ = 0;
    timer_.disarm();
    sweep_.disarm();
    queue_.clear();
    deadlines_.clear();
    book_.drop();
    const std::unordered_map<int64_t, Owed> left = std::move(owed_);
    owed_.clear();
    for (const auto& [event, owed] : left)
        for (const auto& [subscription, item] : owed.parked) seams_.released(subscription, item);
}

Hydrator::Owed& Hydrator::know(int64_t event) {
    const auto [at, fresh] = owed_.try_emplace(event);
    if (fresh) {
        const int64_t now = context_.steady_ms();
        at->second.give_up_ms = now + longest_hydration_ms;
        deadlines_.emplace_back(at->second.give_up_ms, event);
        queue(event, at->second, now);
    }
    return at->second;
}

void Hydrator::queue(int64_t event, Owed& owed, int64_t due_ms) {
    if (owed.stage == Stage::queued) queue_.erase({owed.due_ms, event});
    owed.stage = Stage::queued;
    owed.due_ms = due_ms;
    queue_.emplace(due_ms, event);
    timer_.arm_ms(0);
}

void Hydrator::made(const Event& event) {
    if (!running_) return;
    Owed& owed = know(event.number);
    if (!owed.order) owed.order = event.hydrate;
}

bool Hydrator::park(int64_t subscription, Item& item, bool surely) {
    if (!running_) return false;
    const auto found = owed_.find(item.event);
    if (found == owed_.end() && !surely) return false;
    Owed& owed = found == owed_.end() ? know(item.event) : found->second;
    item.data.reset();  // its payload is not the one that goes
    owed.parked.emplace_back(subscription, std::move(item));
    return true;
}

void Hydrator::pump() {
    if (!running_) return;
    const int64_t now = context_.steady_ms();
    for (; !deadlines_.empty() && deadlines_.front().first <= now; deadlines_.pop_front()) {
        const auto found = owed_.find(deadlines_.front().second);
        if (found != owed_.end() && found->second.stage == Stage::queued)
            let_go(found->first, found->second, "no answer in time");
    }
    const unsigned most = plan_->hydrate.set() ? plan_->hydrate.concurrency : UINT32_MAX;
    while (!queue_.empty() && queue_.begin()->first <= now && asking_ < most) {
        const int64_t event = queue_.begin()->second;
        ask(event, owed_[event]);
    }
    int64_t next = deadlines_.empty() ? -1 : deadlines_.front().first;
    if (!queue_.empty() && asking_ < most) next = std::min(next, queue_.begin()->first);
    if (next >= 0) timer_.arm_ms(std::max<int64_t>(1, next - now));
}

// False: there is nothing to ask, or not now.
bool Hydrator::read_order(int64_t event, Owed& owed) {
    if (owed.order) return true;
    Reader* reader = context_.read();
    Result<std::vector<HydrationRow>> rows =
        reader != nullptr ? reader->hydrations(event - 1, 1) : Fault{Code::store, "the store cannot be read"};
    if (!rows) {
        if (reader != nullptr) context_.read_failed(rows.fault());
        queue(event, owed, context_.steady_ms() + read_again_ms);
        return false;
    }
    if (rows.value().empty() || rows.value().front().event != event) {
        let_go(event, owed, "what to ask has been lost");
        return false;
    }
    owed.order = std::make_shared<const HydrateOrder>(std::move(rows.value().front().order));
    owed.tries = rows.value().front().tries;
    return true;
}

void Hydrator::ask(int64_t event, Owed& owed) {
    const HydrateConfig& config = plan_->hydrate;
    if (!config.set()) return let_go(event, owed, "there is no [hydrate] any more");
    if (!read_order(event, owed)) return;
    TargetOptions options;
    options.url.text = config.upstream + owed.order->target;
    options.upstream = true;
    options.timeout_ms = std::clamp<int64_t>(owed.give_up_ms - context_.steady_ms(), 1, config.timeout_ms);
    options.connect_timeout_ms = std::min(options.timeout_ms, longest_connect_ms);
    options.answer_bytes = config.response_cap;
    options.ca_file = config.ca_file;
    options.verify = config.verify;
    const Result<std::shared_ptr<Target>> target = transport_->target(options);
    if (!target) return let_go(event, owed, target.fault().text);
    queue_.erase({owed.due_ms, event});
    owed.stage = Stage::asking;
    ++asking_;
    transport_->send(target.value(), headers_, nullptr,
                     [self = self_, reign = reign_, event](const SendResult& result) {
                         if (*self != nullptr && (*self)->reign_ == reign) (*self)->answered(event, result);
                     });
}

void Hydrator::answered(int64_t event, const SendResult& result) {
    --asking_;
    Owed& owed = owed_[event];  // what is being asked for stays until it is settled
    const Hands::Note in_hand = context_.hands.event(event);
    Hydration read = read_hydration(result, owed.order->pointer, plan_->capture.redact, reader_);
    if (read.what == Hydration::What::payload) {
        settle(event, owed, std::make_shared<const std::string>(std::move(read.payload)));
    } else {
        const int64_t due_ms = context_.steady_ms() + hydration_wait_ms(++owed.tries);
        const bool again =
            read.what == Hydration::What::later && owed.tries < plan_->hydrate.tries && due_ms < owed.give_up_ms;
        if (again) {
            queue(event, owed, due_ms);
            book_.postpone({event, owed.tries, context_.run.now_ms() + hydration_wait_ms(owed.tries)});
        } else {
            let_go(event, owed, read.why);
        }
    }
    pump();
}

void Hydrator::settle(int64_t event, Owed& owed, std::shared_ptr<const std::string> payload) {
    if (owed.stage == Stage::queued) queue_.erase({owed.due_ms, event});
    owed.stage = Stage::settling;
    book_.settle({event, std::move(payload), true});
}

void Hydrator::let_go(int64_t event, Owed& owed, const std::string& why) {
    uint64_t more = 0;
    if (quiet_.pass(context_.clock.steady_us(), more)) {
        std::string line = "dispatch: event " + spell_id(event_prefix, event) + " goes out as it was recorded";
        line += owed.order ? ": the upstream gave no payload for GET " + path_of(owed.order->target) + ": " : ": ";
        line += why;
        if (more > 0) line += " (and " + std::to_string(more) + " others before it)";
        context_.log.write(Level::warning, line);
    }
    settle(event, owed, nullptr);
}

void Hydrator::durable(const HydrationBatch& batch) {
    for (const HydrationBatch::Settled& one : batch.settled) {
        if (one.counts)
            (one.payload ? context_.counters.hydrated : context_.counters.unhydrated)
                .fetch_add(1, std::memory_order_relaxed);
        cache_.forget(one.event);
        const auto found = owed_.find(one.event);
        if (found == owed_.end()) continue;
        const std::vector<std::pair<int64_t, Item>> parked = std::move(found->second.parked);
        owed_.erase(found);
        for (const auto& [subscription, item] : parked) seams_.released(subscription, item);
    }
    seams_.ended();
}

// What no delivery has told of: orders of before this one led, of other processes, and those that nobody waits for.
void Hydrator::sweep() {
    if (!running_) return;
    sweep_.arm_ms(sweep_ms);
    Reader* reader = context_.read();
    if (reader == nullptr) return;
    const Result<std::vector<HydrationRow>> rows = reader->hydrations(swept_, sweep_rows);
    if (!rows) return context_.read_failed(rows.fault());
    const bool may_write = book_.empty();  // what waits there may be the same ones
    for (const HydrationRow& row : rows.value()) {
        swept_ = row.event;
        if (owed_.count(row.event) > 0) continue;
        if (row.owed && row.wanted) {
            Owed& owed = know(row.event);
            owed.order = std::make_shared<const HydrateOrder>(row.order);
            owed.tries = row.tries;
            const int64_t wait = std::clamp<int64_t>(row.due_ms - context_.run.now_ms(), 0, longest_hydration_ms / 2);
            queue(row.event, owed, context_.steady_ms() + wait);
        } else if (may_write && (!row.owed || row.expanded)) {
            book_.settle({row.event, nullptr, false});  // nobody waits for it: the upstream is not bothered
        }
    }
    if (rows.value().size() == sweep_rows)
        sweep_.arm_ms(0);
    else
        swept_ = 0;
}

}  // namespace trot
