// TaskFilter as the JSON that a task's row keeps, so that a person can read it there. Callers: manage (asks), dispatch
// (carries out). Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/values.h"

namespace trot {

std::string spell_task_filter(const TaskFilter& filter);
Result<TaskFilter> read_task_filter(std::string_view json);  // Code::damaged

}  // namespace trot
