// Adopt: what the configuration says of a subscription that a management API made: [delivery] for all, its [[api]] for
// its own. Nothing of it is kept with the subscription, so that a reload reaches those that are there. Callers:
// dispatch (whenever it reads one from the store, and after each reload), engine/online. Threads: pure.
#pragma once

#include "plan/plan.h"

namespace trot {

// Into settings as read_settings() gives them. What the subscription's format has a value of its own for (schedule,
// timeouts, disable_after) gives way to what [delivery] says; not to its defaults. Left out are `batch`, which no
// format of the APIs can be had with, and headers and credentials: whoever may use an API names the URL, and would be
// told them.
void adopt_rules(Subscription& out, const Plan& plan);

// Its networks, and the headers and the credential that [[api]] gives. The client's own come first.
void adopt_api(Subscription& out, const ApiConfig& api);

}  // namespace trot
