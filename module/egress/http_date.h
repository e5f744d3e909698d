// The three spellings of an HTTP date (RFC 9110 5.6.7). Callers: retry. Threads: pure; no locale has a say.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace trot {

// Unix seconds; nothing when it is none of the three. The name of the weekday is not checked against the date.
std::optional<int64_t> parse_http_date(std::string_view text);

}  // namespace trot
