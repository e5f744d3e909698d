// Messages for one webhook alone: the question whether its endpoint wants deliveries, and events that are made up.
// Callers: webhooks. Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "manage/registry.h"
#include "plan/plan.h"

namespace trot::shareactor {

// What the endpoint of a webhook must answer with 2xx before it gets anything else. When it does, the dispatcher sets
// the webhook to active.
OneOff confirmation(std::string_view webhook_id, int64_t now_ms);

// An event of that topic about an object that does not exist: the attributes that all ShareActor's objects have, and
// with an update an earlier time of change as what it was before.
OneOff simulation(std::string_view topic, const ApiConfig& api, int64_t now_ms);

}  // namespace trot::shareactor
