// A jq program of a subscription's `filter` or `transform`: what it may not say, and the form in which it is compiled.
// It sees the payload as `.` and the event as `$event`, and gives the same for the same event at any time on any
// machine: a delivery's bytes are equal on each attempt. So it has no clock, no environment, no files and no other
// input. Callers: the door (checks a configuration's), recipe. Threads: pure; check_program starts a process and waits.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace trot {

inline constexpr size_t most_program = size_t{16} * 1024;

// Code::usage, "at its line 2, column 7: …".
Result<void> refuse_program(std::string_view program);

std::string wrap_program(std::string_view program);
inline constexpr unsigned wrapped_lines = 1;  // before the program's own first

// The same, and whether jq takes it. [blocks] at most a few seconds. Code::internal: jq cannot be run here.
Result<void> check_program(std::string_view program);

}  // namespace trot
