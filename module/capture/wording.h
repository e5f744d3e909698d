// Computed names: topic, resource and action of an event. Callers: evaluate. Threads: as Facts.
#pragma once

#include <string>

#include "capture/source.h"

namespace trot {

struct Naming {
    std::string topic, resource, action;  // an empty topic: no event
    bool unproven = false;                // a body that it asks cannot be read
    std::string why;                      // of no event
};

Naming name_event(const Hook& hook, const Wording& topic, Facts& facts);

}  // namespace trot
