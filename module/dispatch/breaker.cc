#include "dispatch/breaker.h"

#include <algorithm>
#include <bit>

namespace trot {
namespace {

constexpr unsigned relapse_limit = 3;  // failures in a row while it comes back slowly
constexpr unsigned window = 20;
constexpr unsigned allowance_end = 1024;  // as much as any concurrency: slow start is over
constexpr int64_t second_ms = 1000;

}  // namespace

void Breaker::set_rules(unsigned row, unsigned percent, int64_t longest_pause_ms) {
    row_limit_ = row;
    percent_ = percent;
    longest_ms_ = std::max(longest_pause_ms, first_pause_ms);
}

std::string_view Breaker::name() const {
    if (state_ == State::open) return "open";
    if (state_ == State::probing) return "probing";
    return allowance_ > 0 ? "returning" : "closed";
}

unsigned Breaker::limit(unsigned concurrency, int64_t now_ms) const {
    switch (state_) {
        case State::closed:
            if (allowance_ == 0) return concurrency;
            if (now_ms < second_end_ms_ && second_sent_ >= second_most_) return 0;
            return std::min(concurrency, allowance_);
        case State::open:
            return now_ms >= next_ms_ ? 1 : 0;
        case State::probing:
            break;
    }
    return 0;
}

int64_t Breaker::next_ms(int64_t now_ms) const {
    // Its pause over, the probe waits for attempts from before to end, not for time.
    if (state_ == State::open) return now_ms < next_ms_ ? next_ms_ : -1;
    const bool spent = returning() && now_ms < second_end_ms_ && second_sent_ >= second_most_;
    return spent ? second_end_ms_ : -1;
}

bool Breaker::start(unsigned concurrency, int64_t now_ms) {
    if (returning()) {
        if (now_ms >= second_end_ms_) {
            second_most_ = second_end_ms_ == 0 ? concurrency : std::min(second_most_ * 2, 1U << 30U);
            second_end_ms_ = now_ms + second_ms;
            second_sent_ = 0;
        }
        ++second_sent_;
    }
    if (state_ != State::open || now_ms < next_ms_) return false;
    state_ = State::probing;
    return true;
}

void Breaker::note(bool failure) {
    row_ = failure ? row_ + 1 : 0;
    last_ = ((last_ << 1U) | (failure ? 1U : 0U)) & ((1U << window) - 1);
    seen_ = std::min(seen_ + 1, window);
}

void Breaker::close() {
    state_ = State::closed;
    row_ = seen_ = round_ = 0;
    last_ = 0;
    second_end_ms_ = 0;
    second_most_ = second_sent_ = 0;
    allowance_ = 1;  // the pause is kept until it has fully come back: a relapse does not start over at 1 s
}

void Breaker::trip(int64_t now_ms, uint64_t random) {
    state_ = State::open;
    pause_ms_ = pause_ms_ == 0 ? first_pause_ms : std::min(pause_ms_ * 2, longest_ms_);
    // Up to a quarter longer, so that many endpoints behind one dead router do not come back in step.
    next_ms_ = now_ms + pause_ms_ + static_cast<int64_t>(random % static_cast<uint64_t>(pause_ms_ / 4 + 1));
}

void Breaker::succeeded(bool probe) {
    if (probe) return close();
    if (state_ != State::closed) {
        next_ms_ = 0;  // a late answer of an attempt from before: it lives, so probe at once
        return;
    }
    note(false);
    if (allowance_ == 0 || ++round_ < allowance_) return;
    round_ = 0;
    allowance_ *= 2;
    if (allowance_ < allowance_end) return;
    allowance_ = 0;
    pause_ms_ = 0;
}

void Breaker::failed(bool probe, int64_t now_ms, uint64_t random) {
    if (probe) return trip(now_ms, random);
    if (state_ != State::closed) return;  // started before it opened: known already
    note(true);
    if (allowance_ > 1) allowance_ /= 2;
    if (too_many()) trip(now_ms, random);
}

bool Breaker::too_many() const {
    const unsigned row = allowance_ == 0 ? row_limit_ : std::min(row_limit_, relapse_limit);
    if (row_limit_ > 0 && row_ >= row) return true;
    return percent_ > 0 && seen_ == window && static_cast<unsigned>(std::popcount(last_)) * 100 >= percent_ * window;
}

void Breaker::neutral(bool probe) {
    if (probe) close();
}

}  // namespace trot
