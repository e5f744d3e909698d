// One brotli stream (RFC 7932). Used by inflate.cc only. Threads: pure.
#pragma once

#include <string_view>

#include "codec/inflate.h"

namespace trot {

Result<Decoded> decode_brotli(std::string_view body, size_t cap);

}  // namespace trot
