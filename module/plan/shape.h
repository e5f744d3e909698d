// Shapes: what a payload is made of, read from its TOML. Callers: the hook table's reader. Threads: one load, one
// thread.
#pragma once

#include <functional>

#include "plan/hook.h"
#include "plan/section.h"

namespace trot {

// Says of the sources of one place whether this hook can have them, and puts in what options stand for; mistakes go to
// the report.
using ReachCheck = std::function<void(Sources& sources, const Mark& at)>;

// A string is sources or a literal ("=text"), a number or boolean itself, a table an object, a list an array;
// { present = "request:/id" }, { absent = … } and { same = [SOURCE, SOURCE] } are booleans. `what` is the key, for
// messages.
Shape read_shape(const RawValue& value, std::string_view what, const ReachCheck& reach, Report& report);

// Each source that a shape asks.
void each_source(const Shape& shape, const std::function<void(const Source&)>& visit);

}  // namespace trot
