// The schedules that have a name: how long well-known senders wait between the attempts of a delivery. A number that
// one of them does not publish is chosen so that its published facts hold (how often, within what time). Callers:
// rules_schedule, formats' tests. Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace trot {

struct NamedSchedule {
    std::string_view name;
    std::vector<int64_t> waits_ms;  // one less than attempts
};

const std::vector<NamedSchedule>& named_schedules();

}  // namespace trot
