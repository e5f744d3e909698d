// Regex: the std::regex of a condition, apart from hook.h because <regex> takes a compiler longer than all else that
// file holds. Callers: who makes or runs one. Threads: immutable.
#pragma once

#include <regex>

namespace trot {

struct Regex : std::regex {
    using std::regex::regex;
};

}  // namespace trot
