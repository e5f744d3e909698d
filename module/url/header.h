// The check of a header that people configure (subscription headers, bearer tokens, user agents) or that a payload
// could reach (topics): libcurl writes CR and LF to the wire unchanged, and takes "Content-Length: 0" and "X-Name:" as
// commands (reliability.md 0.8). Callers: plan (subscriptions), egress (each send, as second wall), cli (-H). Threads:
// pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/text.h"

namespace trot {

bool is_token(std::string_view text);         // RFC 9110 5.6.2, not empty
bool is_header_value(std::string_view text);  // no control byte but tab; bytes beyond ASCII pass (obs-text)

// Host, framing, hop-by-hop and proxy headers: never a subscription's.
bool is_reserved_header(std::string_view name);

// A header of a subscription. Fault{Code::refused, why}. The format's own names come on top (Format::reserved).
Result<void> check_header(std::string_view name, std::string_view value);

// "Name: value" → field, checked.
Result<Field> read_header(std::string_view line);

}  // namespace trot
