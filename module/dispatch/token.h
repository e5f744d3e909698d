// A token of OAuth 2.0 client credentials (RFC 6749 4.4) on the wire: what is asked, what an answer means. Callers:
// dispatch/token_book. Threads: pure.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/text.h"
#include "crypto/secret.h"
#include "egress/transport.h"
#include "plan/plan.h"

namespace trot {

inline constexpr uint64_t most_token_answer = 64 * 1024;

// The request's headers and form. Both hold the client's secret: the form is wiped when it goes.
Fields token_headers(const OAuthRules& rules);
std::shared_ptr<const std::string> token_form(const OAuthRules& rules);

struct Token {
    Secret value;         // what goes behind "Bearer "
    int64_t life_ms = 0;  // from the moment it was asked for
};

// The token of an answer. The fault says why there is none, in words that may be logged: nothing of the answer's body
// but an error code of RFC 6749 5.2.
Result<Token> read_token(const SendResult& result);

}  // namespace trot
