// The event that says that a subscription was disabled, so that an operator can subscribe to it like to any other.
// Callers: sender. Threads: pure.
#pragma once

#include <cstdint>

#include "dispatch/endpoint.h"
#include "store/store.h"

namespace trot {

inline constexpr std::string_view disabled_topic = "trotline.subscription.disabled";

Event disabled_event(const Endpoint& endpoint, int64_t wall_ms);

}  // namespace trot
