// Conditions: does an exchange meet a line of `when`? A missing value fails `equals`, `regex` and `present`, and holds
// for `differs` and `absent`; null counts as there. What cannot be read proves nothing: no condition on it holds.
// Callers: evaluate. Threads: as Facts.
#pragma once

#include <string>

#include "capture/source.h"

namespace trot {

struct Finding {
    bool holds = false;
    bool unproven = false;  // the body it asks about cannot be read
    std::string why;        // when it does not hold and the caller wants to know
};

Finding check(const Condition& condition, Facts& facts, bool want_why);

// Is it about one batch item?
inline bool about_item(const Condition& condition) {
    return condition.source.part == Source::Part::item || condition.source.part == Source::Part::request_item;
}

}  // namespace trot
