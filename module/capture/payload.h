// Payload and id of an event, as its hook declares them. Callers: evaluate. Threads: as Facts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
    // A whole body instead of `bytes`, where a reader holds it already: it is looked through once for conditions, ids
    // and redaction, which of a body of 20 KB saves two fifths.
    std::string_view body = {};
    JsonReader* reader = nullptr;

    std::string_view text() const { return reader != nullptr ? body : std::string_view(bytes); }
};

// What the hook takes along, redacted; null where it takes nothing, or nothing of it is there.
std::shared_ptr<const std::string> build_context(const Hook& hook, Facts& facts, JsonReader& scratch);

// Its text, with what is secret replaced.
std::string take_redacted(Payload payload, const std::vector<std::string>& names, JsonReader& scratch);

// item: the batch item's own bytes, empty when the hook has no items. Always JSON unless event_opaque is set.
Payload build_payload(const Hook& hook, Facts& facts, const ResourceId& id, std::string_view item);

}  // namespace trot
