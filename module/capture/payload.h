// Payload and id of an event, as its hook declares them. Callers: evaluate. Threads: as Facts.
#pragma once

#include <cstdint>
#include <string>

#include "capture/source.h"

namespace trot {

struct ResourceId {
    std::string text;  // resource_id
    std::string json;  // the same as a JSON value: numbers stay numbers
    bool wanted = false;
};

// A string or a number. An object, an array, null or a missing value gives an empty id. Of a Location header the last
// path segment counts.
ResourceId read_id(const Hook& hook, Facts& facts);

struct Payload {
    std::string bytes;
    uint32_t flags = 0;  // EventFlag
};

// item: the batch item's own bytes, empty when the hook has no items. Always JSON unless event_opaque is set.
Payload build_payload(const Hook& hook, Facts& facts, const ResourceId& id, std::string_view item);

}  // namespace trot
