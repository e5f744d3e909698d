// Pacer: how an endpoint's own answers slow it down. "Too many" (429, or 503 with Retry-After) halves the attempts in
// flight, and at one in flight puts a growing gap between them; Retry-After holds all of them back until then. Answers
// that take far longer than usual take a quarter of the attempts in flight away, down to a quarter of what is allowed:
// an endpoint whose answers stay within 250 ms, or near what is usual for it, is never slowed. Each success gives back
// (additive increase, multiplicative decrease). Callers: dispatch/gate. Threads: one. Times are steady microseconds.
#pragma once

#include <cstdint>

namespace trot {

class Pacer {
  public:
    void set_rules(bool on, int64_t longest_gap_ms);

    unsigned limit(unsigned cap) const;
    // When the next attempt may go: in the past when it may now.
    int64_t ready_us() const { return held_us_ > next_us_ ? held_us_ : next_us_; }
    void started(int64_t now_us) {
        if (gap_us_ > 0) next_us_ = now_us + gap_us_;
    }
    // An attempt ended; inflight: those that still run. Each attempt ends with one of these three.
    void succeeded(unsigned cap, unsigned inflight, int64_t duration_us);
    void refused(unsigned cap, unsigned inflight, int64_t retry_after_ms, int64_t now_us);
    void failed() { end(); }

    bool slowing() const { return window_ > 0 || gap_us_ > 0; }
    int64_t gap_ms() const { return gap_us_ / 1000; }
    int64_t held_us() const { return held_us_; }

  private:
    static constexpr unsigned unit = 256;
    void end() {
        if (behind_ > 0) --behind_;
    }
    void shrink(unsigned to, unsigned inflight);
    void measure(int64_t duration_us);

    bool on_ = true;
    unsigned window_ = 0;  // attempts in flight, times unit; 0: no limit
    unsigned behind_ = 0;  // in flight when the window shrank: what they tell is known already
    int64_t gap_us_ = 0;
    int64_t next_us_ = 0;
    int64_t held_us_ = 0;
    int64_t longest_gap_us_ = 60000000;
    int64_t usual_us_ = 0;   // follows down at once, up slowly
    int64_t recent_us_ = 0;  // moving average
};

}  // namespace trot
