#include "dispatch/retention.h"

#include <algorithm>

#include "base/clock.h"

namespace trot {
namespace {

constexpr int step_rows = 1000;         // 5 ms (measured)
constexpr int64_t first_ms = 5000;      // a start has better things to do
constexpr int64_t next_step_ms = 20;    // while steps come back full
constexpr int64_t next_look_ms = 5000;  // while there is a little
constexpr int64_t rest_ms = 60000;

}  // namespace

Result<void> Retention::Prune::write(Tx& tx, bool) {
    const Result<Pruned> taken = tx.prune(before_ms, dead_before_ms, step_rows, events);
    if (!taken) return taken.fault();
    gone = taken.value();
    const Result<int> lanes = tx.lanes().forget(lanes_before_ms, step_rows);
    if (!lanes) return lanes.fault();
    const Result<Tidied> put_away = tx.tidy(memory);
    if (!put_away) return put_away.fault();
    tidied = put_away.value();
    return {};
}

void Retention::start(const StoreConfig& config) {
    keep_ms_ = config.retention_ms;
    keep_dead_ms_ = std::max(config.retention_ms, config.retention_dead_ms);
    keep_bytes_ = config.retention_bytes;
    job_timeout_ms_ = config.job_timeout_ms;
    snapshot_age_ms_ = config.snapshot_age_ms;
    snapshot_bytes_ = config.snapshot_bytes;
    if (!running_) timer_.arm_ms(first_ms);
    running_ = true;
}

void Retention::stop() {
    running_ = false;
    timer_.disarm();
}

void Retention::look_at_size() {
    if (keep_bytes_ == 0 || surplus_ > 0) return;
    Reader* reader = context_.read();
    if (reader == nullptr) return;
    const Result<StoreStatus> status = reader->status();
    if (!status) return context_.read_failed(status.fault());
    // The file does not shrink when events go: what counts is what is in use.
    const uint64_t used = status.value().used_bytes;
    if (used <= keep_bytes_ || status.value().events == 0) return;
    const uint64_t event_bytes = std::max<uint64_t>(1, used / status.value().events);
    surplus_ = (used - keep_bytes_) / event_bytes + 1;
}

void Retention::step() {
    if (!running_ || flying_) return;
    look_at_size();
    auto prune = std::make_shared<Prune>();
    const int64_t now = context_.run.now_ms();
    prune->before_ms = surplus_ > 0 ? now : now - keep_ms_;
    prune->dead_before_ms = surplus_ > 0 ? now : now - keep_dead_ms_;
    prune->events = surplus_ > 0 ? static_cast<int>(std::min<uint64_t>(surplus_, step_rows)) : step_rows;
    prune->lanes_before_ms = now - keep_ms_;
    prune->memory = {now - job_timeout_ms_, now - snapshot_age_ms_, snapshot_bytes_, step_rows};
    flying_ = true;
    LoopJob<Prune>::submit(context_, prune,
                           [this](Prune& done, const Result<void>& result) { came_back(done, result); });
}

void Retention::came_back(const Prune& prune, const Result<void>& result) {
    flying_ = false;
    const Pruned gone = result ? prune.gone : Pruned{};
    const Tidied tidied = result ? prune.tidied : Tidied{};
    report(tidied.unresolved);
    const bool by_size = surplus_ > 0;
    // Nothing finished is left to go: what is pending is never given up for room.
    surplus_ = gone.rows == 0 ? 0 : surplus_ - std::min<uint64_t>(surplus_, static_cast<uint64_t>(gone.events));
    const bool full = by_size || gone.rows >= step_rows / 2 || tidied.rows >= step_rows / 2;
    const bool some = gone.rows > 0 || tidied.rows > 0;
    if (running_) timer_.arm_ms(full ? next_step_ms : some ? next_look_ms : rest_ms);
}

// What an application promised and nobody saw happen. Each is said, so that an operator knows what was not delivered.
void Retention::report(const std::vector<WaitingRow>& unresolved) {
    for (const WaitingRow& job : unresolved) {
        context_.counters.jobs_unresolved.fetch_add(1, std::memory_order_relaxed);
        context_.log.write(Level::warning, "dispatch: job_unresolved: the result of " + job.method + " " + job.path +
                                               " (job \"" + job.name + "\", since " + rfc3339(job.at_ms) +
                                               ") did not go by within [store] job_timeout; it made no event");
    }
}

}  // namespace trot
