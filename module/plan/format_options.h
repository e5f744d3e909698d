// [subscription.options] and [api.options]: read by the rules of the format, of which this room knows nothing else.
// Callers: table_subscription, table_api. Threads: one load, one thread.
#pragma once

#include <vector>

#include "plan/load.h"
#include "plan/raw.h"
#include "plan/report.h"

namespace trot {

// What was written and is right, in the order of the rules; what is wrong or unknown is a mistake at its place.
// writer: whose table it is; an option that is not for that writer is unknown there.
FormatOptions read_format_options(const RawValue& table, const std::string& format,
                                  const std::vector<OptionRule>& rules, OptionRule::Writer writer, Report& report);

}  // namespace trot
