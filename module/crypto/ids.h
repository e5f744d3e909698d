// Ids as people and receivers see them: a prefix and 13 letters of Crockford base 32 that spell a 64-bit, time-ordered
// number (random unique ids double an insert's cost; reference/performance 3). The store hands out the numbers; this
// file only spells them. No '.' ever (Standard Webhooks forbids it in webhook-id). Callers: all. Threads: pure
// functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trot {

// The number: milliseconds since 2025-01-01 UTC << 20 | counter or random. Positive for centuries.
int64_t id_floor(int64_t wall_ms);   // the smallest id of that millisecond
int64_t id_wall_ms(int64_t number);  // when the id was made

// For systems whose ids are numbers that JavaScript clients read: below 2^53 until 2042. The counter's upper six bits
// are left out, so a short id stands for up to 64 numbers; who looks for one asks for all of them and knows the rest.
int64_t short_id(int64_t number);
std::vector<int64_t> of_short_id(int64_t id);

std::string spell_id(std::string_view prefix, int64_t number);  // "evt_01JHKX4Q3T9V6"
Result<int64_t> read_id(std::string_view prefix, std::string_view text);

inline constexpr std::string_view event_prefix = "evt_";
inline constexpr std::string_view delivery_prefix = "dlv_";
inline constexpr std::string_view subscription_prefix = "sub_";

}  // namespace trot
