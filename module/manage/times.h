// Times as the systems spell them. Callers: handlers. Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace trot {

inline std::string utc_seconds(int64_t ms) { return rfc3339(ms).substr(0, 19); }  // "2015-01-21T13:19:58"

// "2015-01-21", "2015-01-21T13:19:58", with fraction, with "Z" or "+01:00" (none is UTC) → milliseconds since 1970.
std::optional<int64_t> read_time(std::string_view text);

// A time, or how long ago: "24h". Code::usage.
Result<int64_t> read_when(std::string_view name, std::string_view text, int64_t now_ms);

}  // namespace trot
