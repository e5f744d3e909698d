// Events that a webhook of Cosmic can be for, and what such a webhook is called: Cosmic makes the title, its clients
// send none. Callers: cosmic_webhook.cc. Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "plan/plan.h"

namespace trot::cosmic {

// Cosmic's own ones, and what the hooks of the plan can make: a webhook can be for any upstream.
bool is_event(std::string_view event, const Plan& plan);

// "Object created and published", "Media deleted", "Order created".
std::string title_of(std::string_view event);

}  // namespace trot::cosmic
