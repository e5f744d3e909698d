// How this room says no. Callers: this room. Threads: pure function.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace trot {

inline Fault refuse(std::string why) { return {Code::refused, std::move(why)}; }

}  // namespace trot
