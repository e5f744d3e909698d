// Hydration: what the upstream is to be asked for an event's payload, as its hook says, with the exchange's values in
// it. Callers: evaluate. Threads: as Facts.
//
// A value of the exchange stays inside its segment, whatever it is: all but letters, digits, "-", "_", "." and "~" is
// percent-encoded. Where that might not do, because a server in front of the application decodes before it splits, no
// request is made: values with a slash, a backslash or a control byte, and segments that are "." or "..". An empty
// value is a missing one: "/orders/" would ask for all orders.
#pragma once

#include <memory>

#include "capture/source.h"
#include "store/store.h"

namespace trot {

// Null: the event goes as it is, because the hook says nothing, its `when` does not hold, or a value is missing.
std::shared_ptr<const HydrateOrder> order_hydration(const Hook& hook, Facts& facts);

}  // namespace trot
