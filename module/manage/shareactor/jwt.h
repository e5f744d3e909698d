// JSON Web Tokens (RFC 7519) of one algorithm, HS256. By hand on our HMAC and JSON: a library would bring every
// algorithm and key format along, of which all but this one must be refused, for the sixty lines that this takes.
// Callers: access. Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace trot::shareactor {

// Was the token signed with this secret? Compares in constant time; nothing of it is read before.
bool is_signed_by(std::string_view token, std::string_view secret);

// Of a token whose signature fits: does its header ask for HS256 and nothing that we do not know, and do `exp`, `nbf`
// and `iat`, those that are there, hold now, give or take a minute?
bool is_valid_at(std::string_view token, int64_t now_ms);

}  // namespace trot::shareactor
