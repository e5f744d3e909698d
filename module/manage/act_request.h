// A request of an operator, read: the task it means. Callers: acts. Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/values.h"

namespace trot {

struct ActRequest {
    std::string kind;          // TaskRow's; of those that are no task, the act
    TaskFilter filter;         // without `by`
    std::string subscription;  // label, "": any
    int64_t end_task = 0;      // cancel: this task instead
    bool dry_run = false;
};

Result<ActRequest> read_act(std::string_view what, std::string_view json, int64_t now_ms);  // Code::usage

}  // namespace trot
