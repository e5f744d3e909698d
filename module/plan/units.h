// Durations and sizes as people write them: "15s", "1h30m", "500ms"; "1MiB", "64KiB", 4096. Callers: section.h.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trot {

inline constexpr int64_t second_ms = 1000;
inline constexpr int64_t minute_ms = 60 * second_ms;
inline constexpr int64_t hour_ms = 60 * minute_ms;
inline constexpr int64_t day_ms = 24 * hour_ms;

std::optional<int64_t> parse_duration(std::string_view text);  // milliseconds
std::optional<uint64_t> parse_size(std::string_view text);     // bytes
std::string spell_duration(int64_t ms);                        // shortest exact spelling, for messages
std::string spell_size(uint64_t bytes);

}  // namespace trot
