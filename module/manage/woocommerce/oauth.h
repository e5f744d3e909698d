// OAuth 1.0a without tokens ("one-legged"), as WooCommerce uses it where there is no TLS: RFC 5849 3.4. Callers:
// credentials.cc. Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "crypto/hmac.h"

namespace trot::woo {

// "HMAC-SHA1" or "HMAC-SHA256"; other methods are refused, as there.
std::optional<Digest> oauth_digest(std::string_view method);

// What is signed. url: without query. params: decoded; "oauth_signature" is left out, and of several with one name the
// last one counts, because PHP reads them so and a client repeats them; names that end in "[]" are a list and all
// count.
std::string oauth_base(std::string_view method, std::string_view url, const Fields& params);

// The parameters in "Authorization: OAuth …", without realm; empty for any other.
Fields oauth_header(std::string_view authorization);

// The signature as given, with what a careless client does to it undone: '+' that became a blank, escapes left over.
std::string read_signature(std::string_view text);

}  // namespace trot::woo
