// Signature-Input and Signature (RFC 9421 4) read: the part of Structured Fields (RFC 8941) that they are made of.
// Callers: http_signature, signature_base (Content-Digest). Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trot {

// One signature's member of Signature-Input.
struct SignatureInput {
    std::string label;
    std::vector<std::string> components;  // names, in lower case as they must be
    std::string params;                   // as it was sent, from "(" to the end of the parameters
    std::optional<int64_t> created, expires;
    std::string alg, keyid;
};

// Fault{Code::refused}: "is no …". Components with parameters (";sf", ";req") are not taken.
Result<std::vector<SignatureInput>> read_signature_input(std::string_view header);

struct ByteMember {
    std::string label;
    std::string bytes;
};
// A dictionary of byte sequences: sig1=:…:, sig2=:…:
Result<std::vector<ByteMember>> read_byte_members(std::string_view header);

// A quoted string of Structured Fields; the text must be printable ASCII.
std::string structured_string(std::string_view text);

}  // namespace trot
