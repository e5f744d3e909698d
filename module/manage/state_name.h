// How a subscription's state is called, for people and programs. Callers: lists, steering. Threads: pure.
#pragma once

#include <string_view>

#include "store/values.h"

namespace trot {

constexpr std::string_view state_name(SubscriptionState state) {
    switch (state) {
        case SubscriptionState::active:
            return "active";
        case SubscriptionState::paused:
            return "paused";
        case SubscriptionState::disabled:
            return "disabled";
        case SubscriptionState::removed:
            return "removed";
    }
    return "unknown";
}

}  // namespace trot
