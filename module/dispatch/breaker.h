// Breaker: an endpoint's health. Closed until so many attempts in a row or such a part of the last 20 fail; then open:
// nothing is sent for a pause that grows from 1 s to its longest; then one probe at a time. A probe that succeeds
// closes it, and the endpoint comes back slowly: 1, 2, 4 … attempts at once, and in the first second no more than it
// has room for at once, in each further second twice as many, so that a crowd of waiting deliveries does not knock it
// over again. Callers: dispatch/sender. Threads: one. Times are steady milliseconds.
#pragma once

#include <cstdint>
#include <string_view>

namespace trot {

class Breaker {
  public:
    // 0: such failures do not open it.
    void set_rules(unsigned row, unsigned percent, int64_t longest_pause_ms);

    bool open() const { return state_ != State::closed; }
    bool failing() const { return row_ > 0; }
    bool unwell() const { return last_ != 0; }  // one of the last 20 has failed
    bool returning() const { return state_ == State::closed && allowance_ > 0; }
    std::string_view name() const;  // "closed", "returning", "open", "probing"
    // How many attempts may be in flight now; `concurrency` is the endpoint's own cap.
    unsigned limit(unsigned concurrency, int64_t now_ms) const;
    // When limit() will rise without any answer: the next probe, or the next second of coming back; -1 when it is not
    // waiting for time.
    int64_t next_ms(int64_t now_ms) const;

    // An attempt starts; true when it is the probe (give that back with its result).
    bool start(unsigned concurrency, int64_t now_ms);
    void succeeded(bool probe);
    void failed(bool probe, int64_t now_ms, uint64_t random);
    // An answer that says nothing about the endpoint's health: only ends a probe, as a success.
    void neutral(bool probe);
    // Somebody says that it is well again: the next probe goes out at once.
    void probe_now() {
        if (state_ == State::open) next_ms_ = 0;
    }

  private:
    enum class State { closed, open, probing };
    static constexpr int64_t first_pause_ms = 1000;

    void note(bool failure);
    bool too_many() const;
    void close();
    void trip(int64_t now_ms, uint64_t random);

    unsigned row_limit_ = 10, percent_ = 50;
    State state_ = State::closed;
    unsigned row_ = 0;        // failures in a row
    uint32_t last_ = 0;       // the last 20 results, 1 is a failure
    unsigned seen_ = 0;       // how many of them are there
    unsigned allowance_ = 0;  // slow start; 0 is no limit
    unsigned round_ = 0;      // successes since it grew
    // Of the slow start's present second:
    int64_t second_end_ms_ = 0;
    unsigned second_most_ = 0, second_sent_ = 0;
    int64_t pause_ms_ = 0;
    int64_t next_ms_ = 0;
    int64_t longest_ms_ = 60000;
};

}  // namespace trot
