// Conditions: does an exchange meet a line of `when`? A missing value fails `equals`, `regex`, `same`, `other` and
// `present`, and holds for `differs`, `lacks` and `absent`; null counts as there. What cannot be read proves nothing:
// no condition on it holds. Callers: evaluate. Threads: as Facts.
#pragma once

#include <algorithm>
#include <string>

#include "capture/source.h"

namespace trot {

struct Finding {
    bool holds = false;
    bool unproven = false;  // the body it asks about cannot be read
    std::string why;        // when it does not hold and the caller wants to know
};

Finding check(const Condition& condition, Facts& facts, bool want_why);

// Is it about one batch item? Where a hook has items, what they were before is each one's own as well.
inline bool about_item(const Condition& condition) {
    const auto of_item = [](const Source& source) { return source.of_item() || source.part == Source::Part::previous; };
    return std::any_of(condition.sources.begin(), condition.sources.end(), of_item) ||
           std::any_of(condition.twin.begin(), condition.twin.end(), of_item);
}

}  // namespace trot
