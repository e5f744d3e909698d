#include "egress/retry.h"

#include <algorithm>

#include "egress/http_date.h"

namespace trot {
namespace {

constexpr int64_t second = 1000;
constexpr int64_t minute = 60 * second;
constexpr int64_t hour = 60 * minute;
constexpr int64_t longest = 24 * hour;
constexpr int64_t shortest_wait = 50;

}  // namespace

Verdict judge_result(const SendResult& result) {
    if (result.status >= 200 && result.status < 300) return Verdict::delivered;
    return result.status == 410 ? Verdict::gone : Verdict::retry;
}

const std::vector<int64_t>& default_schedule_ms() {
    static const std::vector<int64_t> schedule = {5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour,
                                                  10 * hour,  14 * hour,  20 * hour,   24 * hour};
    return schedule;
}

int64_t next_wait_ms(const std::vector<int64_t>& schedule_ms, unsigned attempts, int64_t retry_after_ms,
                     uint64_t random, Jitter jitter) {
    if (attempts == 0) return 0;
    if (attempts > schedule_ms.size()) return -1;
    const int64_t step = std::max<int64_t>(schedule_ms[attempts - 1], 1);
    // Uniform over [low, step], not cut off at low: a cut would gather a crowd there.
    const int64_t low = jitter == Jitter::none    ? step
                        : jitter == Jitter::equal ? step - step / 2
                                                  : std::min(step, step > second ? second : shortest_wait);
    const int64_t wait = low + static_cast<int64_t>(random % static_cast<uint64_t>(step - low + 1));
    if (retry_after_ms <= wait) return wait;
    // All who were told the same moment would come back in it: up to a tenth later.
    const int64_t spread = std::min(step, retry_after_ms / 10);
    return retry_after_ms + static_cast<int64_t>(random % static_cast<uint64_t>(spread + 1));
}

int64_t parse_retry_after(std::string_view value, int64_t now_wall_ms) {
    value = trim(value);
    if (value.empty()) return -1;
    if (std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        int64_t seconds = 0;
        for (char c : value) seconds = std::min<int64_t>(seconds * 10 + (c - '0'), longest / second);
        return std::clamp(seconds * second, second, longest);
    }
    const std::optional<int64_t> date = parse_http_date(value);
    if (!date) return -1;
    return std::clamp(*date * second - now_wall_ms, second, longest);
}

}  // namespace trot
