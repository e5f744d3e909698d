// What a webhook's event_type may be. Callers: webhook_input. Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "plan/plan.h"

namespace trot::shareactor {

// The topic that an event_type stands for: ShareActor's own, and every topic that a hook of the plan can make, so that
// a receiver made for ShareActor can listen to anything. Empty: none.
std::string topic_of(std::string_view event_type, const Plan& plan);

}  // namespace trot::shareactor
