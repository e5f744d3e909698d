// Captured bytes → Body: content decoding, byte order mark, JSON or form. Callers: source. Threads: pure.
#pragma once

#include "capture/source.h"

namespace trot {

struct RawBody {
    std::string_view bytes;
    const Fields* fields = nullptr;  // headers of that side
    bool cut = false;                // not all of it was captured
    bool form = false;               // may be a form (request bodies)
    size_t cap = 0;                  // of the decoded bytes
};

// `reader` holds the document afterwards when the state is json. Filled in its place: its views point into itself.
void read_body(const RawBody& raw, JsonReader& reader, Body& body);

}  // namespace trot
