// [subscription.options]: read by the rules of the subscription's format, of which this room knows nothing else.
// Callers: table_subscription. Threads: one load, one thread.
#pragma once

#include <vector>

#include "plan/load.h"
#include "plan/raw.h"
#include "plan/report.h"

namespace trot {

// What was written and is right, in the order of the rules; what is wrong or unknown is a mistake at its place.
FormatOptions read_format_options(const RawValue& table, const std::string& format,
                                  const std::vector<OptionRule>& rules, Report& report);

}  // namespace trot
