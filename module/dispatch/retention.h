// Retention: the leader takes away old finished events (those with a dead delivery may be kept longer), jobs whose
// result never came (each is a line in the log) and snapshots beyond their age or room, in small steps between commits,
// one step at a time, at once again while there is more and once a minute otherwise. By age (by the run clock: a wall
// clock that jumps ten years ahead must not empty the store) and by size. Callers: dispatcher. Threads: the
// dispatcher's; Prune::write the writer's.
#pragma once

#include <cstdint>

#include "dispatch/context.h"
#include "dispatch/timers.h"
#include "plan/plan.h"

namespace trot {

class Retention {
  public:
    explicit Retention(Context& context) : context_(context), timer_(context.base, -1, 0, [this] { step(); }) {}

    void start(const StoreConfig& config);  // also after a reload
    void stop();
    bool idle() const { return !flying_; }

  private:
    struct Prune {
        int64_t before_ms = 0;
        int64_t dead_before_ms = 0;
        int64_t lanes_before_ms = 0;
        int events = 0;
        Pruned gone;
        MemoryLimits memory;
        Tidied tidied;
        Result<void> write(Tx& tx, bool in_doubt);
        static constexpr bool patient = true;
        static constexpr bool overtakes = false;
        size_t bytes() const { return 0; }
    };
    void step();
    void look_at_size();
    void came_back(const Prune& prune, const Result<void>& result);
    void report(const std::vector<WaitingRow>& unresolved);

    Context& context_;
    int64_t keep_ms_ = 0;
    int64_t keep_dead_ms_ = 0;
    uint64_t keep_bytes_ = 0;
    int64_t job_timeout_ms_ = 0;
    int64_t snapshot_age_ms_ = 0;
    uint64_t snapshot_bytes_ = 0;
    uint64_t surplus_ = 0;  // events that must go because of the size
    bool running_ = false;
    bool flying_ = false;
    LoopEvent timer_;
};

}  // namespace trot
