// Content decoding of captured bodies: identity, gzip, deflate (zlib and raw), br; several in a row; with an output cap
// so that a bomb costs no more than the cap. Callers: capture. Threads: pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trot {

struct Decoded {
    std::string bytes;
    bool truncated =
        false;  // the cap was reached, or the input ended early (a capture may be cut): bytes is the prefix
};

// content_encoding: the header's value ("", "gzip", "br, gzip", …), matched without case. An unknown coding or broken
// data is Fault{Code::usage}; the caller then treats the body as opaque.
Result<Decoded> decode_content(std::string_view content_encoding, std::string_view body, size_t cap);

}  // namespace trot
