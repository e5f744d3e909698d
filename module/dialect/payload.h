// An event's payload inside the JSON of a body: what all formats do alike. Callers: formats. Threads: pure.
#pragma once

#include <string>

#include "crypto/hmac.h"
#include "dialect/format.h"

namespace trot {

// Bits of EventView::flags (store/values.h): the payload is not whole (partial answer, truncated); it is not JSON.
inline constexpr uint32_t cut_flags = 1U | 2U;
inline constexpr uint32_t opaque_flag = 4;

// "order/1042", or "order" when the id is not known.
inline std::string subject_of(std::string_view resource, std::string_view id) {
    std::string out(resource);
    if (!id.empty()) (out += '/') += id;
    return out;
}

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

// The payload as a body by itself, for systems whose body is the payload: its own bytes; {"id":N} when there is none
// (of a deleted resource); {"data":"<base64>","data_base64":true} when it is no JSON. Always a JSON value.
std::string bare_payload(const EventView& event);

}  // namespace trot
