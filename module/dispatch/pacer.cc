#include "dispatch/pacer.h"

#include <algorithm>

namespace trot {
namespace {

constexpr int64_t first_gap_us = 250000;
constexpr int64_t least_gap_us = 50000;  // below it is gone
constexpr int64_t longest_hold_ms = int64_t{3600} * 1000;
constexpr int64_t never_slow_us = 250000;
constexpr int64_t far_longer = 4;  // times the usual

}  // namespace

void Pacer::set_rules(bool on, int64_t longest_gap_ms) {
    longest_gap_us_ = std::max<int64_t>(longest_gap_ms * 1000, first_gap_us);
    if (on == on_) return;
    *this = Pacer();
    on_ = on;
    longest_gap_us_ = std::max<int64_t>(longest_gap_ms * 1000, first_gap_us);
}

unsigned Pacer::limit(unsigned cap) const { return window_ == 0 ? cap : std::clamp(window_ / unit, 1U, cap); }

void Pacer::shrink(unsigned to, unsigned inflight) {
    window_ = std::max(1U, to) * unit;
    behind_ = inflight;
}

void Pacer::refused(unsigned cap, unsigned inflight, int64_t retry_after_ms, int64_t now_us) {
    if (!on_) return;
    if (retry_after_ms > 0) held_us_ = std::max(held_us_, now_us + std::min(retry_after_ms, longest_hold_ms) * 1000);
    if (behind_ > 0) return end();
    const unsigned now = std::min(limit(cap), inflight + 1);
    if (now > 1) return shrink(now / 2, inflight);
    shrink(1, inflight);
    gap_us_ = gap_us_ == 0 ? first_gap_us : std::min(gap_us_ * 2, longest_gap_us_);
    next_us_ = now_us + gap_us_;
}

void Pacer::measure(int64_t duration_us) {
    recent_us_ += (duration_us - recent_us_) / (recent_us_ == 0 ? 1 : 8);
    if (usual_us_ == 0)
        usual_us_ = duration_us;
    else if (duration_us <= usual_us_)
        usual_us_ += (duration_us - usual_us_) / 4;
    else
        usual_us_ += std::max<int64_t>(1, (std::min(duration_us, usual_us_ * far_longer) - usual_us_) / 256);
}

void Pacer::succeeded(unsigned cap, unsigned inflight, int64_t duration_us) {
    if (!on_) return;
    measure(duration_us);
    const bool known = behind_ > 0;
    end();
    if (gap_us_ > 0) {
        gap_us_ -= gap_us_ / 4;
        if (gap_us_ < least_gap_us) gap_us_ = next_us_ = 0;
        return;
    }
    if (recent_us_ > never_slow_us && recent_us_ > usual_us_ * far_longer) {
        const unsigned now = limit(cap);
        if (!known && now > std::max(1U, cap / 4)) shrink(std::max(cap / 4, now - std::max(1U, now / 4)), inflight);
        return;
    }
    if (window_ == 0) return;
    window_ += std::max(1U, unit * unit / window_);
    if (window_ >= cap * unit) window_ = 0;
}

}  // namespace trot
