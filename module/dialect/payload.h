// An event's payload inside the JSON of a body: what all formats do alike. Callers: formats. Threads: pure.
#pragma once

#include <string>

#include "crypto/hmac.h"
#include "dialect/format.h"

namespace trot {

inline bool is_opaque(const EventView& event) { return !event.payload_json && !event.payload.empty(); }

// The payload's own bytes, never re-serialised; null when there is none, a base64 string when it is no JSON: then
// append_opaque_mark says so behind it.
inline void append_payload(std::string& out, const EventView& event) {
    if (event.payload.empty())
        out += "null";
    else if (event.payload_json)
        out += event.payload;
    else
        out += '"' + base64(event.payload) + '"';
}

inline void append_opaque_mark(std::string& out, const EventView& event) {
    if (is_opaque(event)) out += ",\"data_base64\":true";
}

}  // namespace trot
