// Common: what the host's threads and the engine's both touch: memory, and the one descriptor that is in the tables of
// both, the completions'. Nothing in it opens or closes another. Callers: engine (the handle), works. Threads: any.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "engine/completions.h"
#include "engine/waiters.h"
#include "plan/plan.h"

namespace trot {

struct EngineOptions {
    bool dispatch = true;
    std::string host;  // "standalone", "nginx": for status
};

struct Common {
    EngineOptions options;
    Clock* clock = &system_clock();
    int64_t started_ms = system_clock().wall_ms();
    Log log;
    Counters counters;
    Completions completions;  // closed by the host, when the engine's table is gone
    Waiters waiters;

    PlanPtr plan() const {
        const std::lock_guard<std::mutex> hold(lock_);
        return plan_;
    }
    void set_plan(PlanPtr plan) {
        const std::lock_guard<std::mutex> hold(lock_);
        plan_.swap(plan);
    }

  private:
    mutable std::mutex lock_;
    PlanPtr plan_;
};

}  // namespace trot
