// Format `cockpit`: Cockpit 1's webhooks, measured on 0.12.2. Callers: find_format. Threads: stateless.
//
// Body {"event":topic,"hook":the subscription's name,"backend":1,"args":[…]}: the payload where it is an array (what
// the dialect's hooks make), else an array of it alone, [] without one; event and hook are escaped as PHP does. Headers
// in Cockpit's order: Authorization (basic_auth), Accept, Content-Type, Content-Length, then the subscription's own; no
// User-Agent. No signature of its own: unsigned_format.h.
//
// Not copied: one second of time and one try (natively the client waits for it), TLS that is not verified.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& cockpit_format();

}  // namespace trot
