// RunClock: the clock that due times are written and compared in. It starts at the wall clock and runs with the steady
// one, so that a jump of the wall clock (fault F35: +1 h, -1 h, +10 y) neither makes every waiting retry due at once
// nor stalls them. Small steps (up to 2 s forward) are followed at once; a larger one is approached at twice (forward)
// or three quarters (backward) of real speed. Never goes back. Callers: dispatch. Threads: one.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace trot {

class RunClock {
  public:
    explicit RunClock(const Clock& clock)
        : clock_(clock), run_us_(clock.wall_ms() * 1000), steady_us_(clock.steady_us()) {}

    int64_t now_ms() {
        const int64_t steady = clock_.steady_us();
        const int64_t passed = steady - steady_us_;
        steady_us_ = steady;
        run_us_ += passed;
        const int64_t gap = clock_.wall_ms() * 1000 - run_us_;
        if (gap > 0) run_us_ += gap <= 2000000 ? gap : passed < gap ? passed : gap;
        // The wall clock counts whole milliseconds: up to one of them behind is not a jump.
        if (gap < -1000) run_us_ -= passed / 4;
        return run_us_ / 1000;
    }

  private:
    const Clock& clock_;
    int64_t run_us_;
    int64_t steady_us_;
};

}  // namespace trot
