// What is wrong with a value, before it has a place. Callers: the readers of single values in this room. Threads: pure
// function.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"

namespace trot {

inline Fault wrong(std::string text) { return {Code::config, std::move(text)}; }

}  // namespace trot
