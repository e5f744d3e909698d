// The events that say what has become of a subscription, so that an operator can subscribe to them like to any others:
//   trotline.subscription.disabled   it was disabled (410, a run or an age of failures); its deliveries wait
//   trotline.subscription.recovered  its endpoint answers 2xx again, after its breaker was open and it had failed for a
//                                    minute at least, or after it was disabled
// A subscription is not told of itself. Callers: sender (makes them), EventMatcher (whom they are for). Threads: pure.
#pragma once

#include <cstdint>
#include <vector>

#include "dispatch/endpoint.h"
#include "dispatch/topics.h"
#include "store/store.h"

namespace trot {

Event disabled_event(const Endpoint& endpoint, int64_t wall_ms);
// failing_ms: since when it failed (run clock), 0: it was disabled.
Event recovered_event(const Endpoint& endpoint, int64_t failing_ms, int64_t wall_ms);

// Takes out the subscription that the event is about, where it is one of these.
void leave_out_itself(const Event& event, std::vector<const Listener*>& listeners);

}  // namespace trot
