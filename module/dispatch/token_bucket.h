// TokenBucket: at most so many attempts an hour, of which `burst` may go at once. Kept as the time at which the bucket
// would be full again (GCRA), so it costs two numbers and no timer. Callers: dispatch/gate. Threads: one. Times are
// steady microseconds.
#pragma once

#include <algorithm>
#include <cstdint>

namespace trot {

class TokenBucket {
  public:
    // an_hour 0: no limit. burst 0: what a second brings, at least one. What is spent stays spent.
    void set_rate(uint64_t an_hour, unsigned burst) {
        an_hour_ = an_hour;
        interval_us_ = an_hour == 0 ? 0 : std::max<int64_t>(1, hour_us / static_cast<int64_t>(an_hour));
        const uint64_t at_once = burst > 0 ? burst : std::max<uint64_t>(1, an_hour / 3600);
        // Timers count milliseconds: what one of them brings may always go at once.
        slack_us_ = std::max(static_cast<int64_t>(at_once - 1) * interval_us_, timer_us - interval_us_);
    }
    uint64_t an_hour() const { return an_hour_; }
    // When the next one may go: in the past when it may now.
    int64_t ready_us() const { return interval_us_ == 0 ? 0 : full_us_ - slack_us_; }
    void take(int64_t now_us) {
        if (interval_us_ > 0) full_us_ = std::max(full_us_, now_us) + interval_us_;
    }

  private:
    static constexpr int64_t hour_us = int64_t{3600} * 1000000;
    static constexpr int64_t timer_us = 1000;
    uint64_t an_hour_ = 0;
    int64_t interval_us_ = 0;
    int64_t slack_us_ = 0;
    int64_t full_us_ = 0;
};

}  // namespace trot
