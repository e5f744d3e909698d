// The spill file's bytes: frames (length, generation, CRC-32) around serialised exchanges. All numbers little-endian.
//   frame:    "TSR1" | u32 length | u64 generation | u32 crc of (length, generation, payload) | u32 0 | payload
//   payload:  u32 version 1 | u32 bits | i32 status | i64 at_ms | i64 doubt_since | texts (u32 length, bytes): capture,
//   method,
//             target, host, zone, request body, response body | two field lists (u32 count, then name and value texts)
// Callers: spill, fuzz. Threads: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "capture/exchange.h"

namespace trot {

inline constexpr size_t frame_head_bytes = 24;
inline constexpr size_t max_frame_payload = 128U << 20;
inline constexpr std::string_view frame_magic = "TSR1";

struct SpilledExchange {
    Exchange exchange;  // without its plan: the plan in force judges it when it is taken back
    // Milliseconds from which on the store may already hold its events (a commit whose outcome is unknown); -1: it
    // surely does not.
    int64_t doubt_since = -1;
};

std::string encode_exchange(const Exchange& exchange, int64_t doubt_since);
Result<SpilledExchange> decode_exchange(std::string_view payload);  // Fault{Code::damaged}

struct FrameHead {
    uint32_t length = 0;
    uint64_t generation = 0;
    uint32_t crc = 0;
};

std::string make_frame(uint64_t generation, std::string_view payload);
// False when the bytes (at least frame_head_bytes) are no head of a frame or the length is impossible.
bool read_frame_head(std::string_view bytes, FrameHead& head);
bool frame_is_sound(const FrameHead& head, std::string_view payload);

// The file's head: which generation of frames counts, and where the first one not yet taken back begins.
struct SpillHead {
    uint64_t generation = 1;
    uint64_t first = 0;
    int64_t last_event = 0;  // greatest event number known when `first` was written: what came later has a greater one
};

inline constexpr size_t spill_head_bytes = 64;
std::string encode_spill_head(const SpillHead& head);
bool decode_spill_head(std::string_view bytes, SpillHead& head);

}  // namespace trot
