// What an HTTP message signature is made over (RFC 9421 2), and Content-Digest (RFC 9530). Callers: http_signature.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"

namespace trot {

// A request as its signature sees it; borrowed.
struct SignedMessage {
    std::string_view method = "POST";
    std::string_view target;  // canonical_target() of its URL; empty: not known
    const Fields& fields;
};

// The URL as RFC 9421 wants it: no default port, a path of "/" where there is none, host in lower case.
std::string canonical_target(std::string_view url);

// The value of a component: "@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query" or
// a header by its name in lower case (several of it joined). Fault{Code::refused} when the message has none.
Result<std::string> component_of(const SignedMessage& message, std::string_view name);

// params: the serialised inner list and its parameters, as in Signature-Input.
Result<std::string> signature_base(const SignedMessage& message, const std::vector<std::string>& components,
                                   std::string_view params);

std::string content_digest(std::string_view body);  // "sha-256=:…:"
// Does it fit the body? One of sha-256 and sha-512 must be there, and those that are must fit.
Result<void> check_digest(std::string_view header, std::string_view body);

}  // namespace trot
