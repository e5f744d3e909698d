// When to try again: a schedule with full jitter, Retry-After (seconds and HTTP date, clamped), what a status means.
// Callers: dispatch. Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "egress/transport.h"
#include "plan/plan.h"

namespace trot {

enum class Verdict { delivered, retry, gone };  // gone: 410, the endpoint asks to be disabled
Verdict judge_result(const SendResult& result);

// The default schedule of Standard Webhooks: attempts at 0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
const std::vector<int64_t>& default_schedule_ms();

// The wait before the next attempt after `attempts` were made; -1 when the schedule is used up. Full jitter: uniform in
// (0, step], so that a crowd does not come back together; never under 1 s of the step when the step is longer, 50 ms
// otherwise. Equal: uniform in the step's second half. retry_after_ms: -1 none, else the wait is at least that.
int64_t next_wait_ms(const std::vector<int64_t>& schedule_ms, unsigned attempts, int64_t retry_after_ms,
                     uint64_t random, Jitter jitter = Jitter::full);

// Retry-After: delta seconds or an HTTP date (RFC 9110 10.2.3) → milliseconds in [1 s, 24 h]; -1 when there is none or
// nonsense.
int64_t parse_retry_after(std::string_view value, int64_t now_wall_ms);

}  // namespace trot
