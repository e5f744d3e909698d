// Hydration: what an answer of the upstream to the question for an event's payload means. Callers: hydrator. Threads:
// pure but for the reader given.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "egress/transport.h"
#include "json/pointer.h"

namespace trot {

struct Hydration {
    enum class What { payload, later, never };  // later: the same question may be answered another time
    What what = What::never;
    std::string payload;  // JSON, the members named in [capture] redact without their values
    std::string why;      // of no payload; nothing of the request but its answer
};

// A payload is an object or an array, at `pointer` of a whole JSON answer with a 2xx. Redirects are not followed.
Hydration read_hydration(const SendResult& result, const std::string& pointer, const std::vector<std::string>& hidden,
                         JsonReader& reader);

// How long to wait after that many tries that failed.
int64_t hydration_wait_ms(unsigned tries);

// From the moment a leader learns of it an event waits at most so long, whatever happens.
inline constexpr int64_t longest_hydration_ms = 30000;

}  // namespace trot
