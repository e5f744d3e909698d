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

// The name of a job or a snapshot. What is computed in it may be any text; a '/' of its own does not read as one of the
// wording's. nullopt: a part is missing, empty, redacted or too long.
std::optional<std::string> spell_name(const Wording& wording, Facts& facts);
// Two dialects never share a name.
std::string scoped_name(std::string_view scope, std::string_view name);

}  // namespace trot
