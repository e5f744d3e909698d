// A GUID for what has another id with us: the same each time, so that a receiver can tell a second attempt. Callers:
// github, shopify. Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace trot {

// Version 5 in form (RFC 9562), though of SHA-256.
inline std::string guid_of(std::string_view what, std::string_view id) {
    std::string bytes = hash_of(Digest::sha256, std::string(what) + '\0' + std::string(id)).substr(0, 16);
    bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0fU) | 0x50U);
    bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3fU) | 0x80U);
    const std::string digits = hex(bytes);
    return digits.substr(0, 8) + '-' + digits.substr(8, 4) + '-' + digits.substr(12, 4) + '-' + digits.substr(16, 4) +
           '-' + digits.substr(20);
}

}  // namespace trot
