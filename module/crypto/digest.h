// Hashes without a key. Callers: dialect (Content-Digest, thumbprints). Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "crypto/hmac.h"

namespace trot {

std::string hash_of(Digest digest, std::string_view text);  // raw bytes

// RFC 4648 5 without padding, as JSON Web Keys have it.
std::string base64url(std::string_view bytes);

}  // namespace trot
