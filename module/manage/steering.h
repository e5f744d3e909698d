// Steering: an operator's acts about one subscription, of a file or of an API, done at once and durable when answered:
//   pause      no delivery goes out; new events make deliveries that wait. A reload does not end it.
//   resume     of a paused or disabled one: active, its failures forgotten; what waits goes on
//   send-test  an event "trotline.test", or of the topic that is said, for it alone; signed as always, neither filtered
//              nor transformed, tried once
// Callers: acts. Threads: the registry's.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "manage/act_request.h"
#include "manage/acts.h"
#include "manage/registry.h"

namespace trot {

bool is_steering(std::string_view what);
// request.kind says which. Faults: as carry_out().
Result<ActAnswer> steer(Registry& registry, const ActRequest& request, const std::string& by, Log* log);

}  // namespace trot
