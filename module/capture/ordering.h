// The order of an exchange's events: hook by hook, but phase "before" first. Callers: evaluate. Threads: pure.
#pragma once

#include <vector>

#include "plan/plan.h"
#include "store/store.h"

namespace trot {

struct EventPlace {
    const Hook* hook = nullptr;
    size_t element = 0;  // of the hook's items
};

// Numbers the events (Event::item) after putting them in order.
void put_in_order(std::vector<Event>& events, const std::vector<EventPlace>& places);

}  // namespace trot
