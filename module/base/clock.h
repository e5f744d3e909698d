// Clock: the seam to time. Wall time dates events and signatures; steady time measures deadlines, leases and retries
// within one run, because wall time jumps (fault F35: +1 h, -1 h, +10 y must neither storm nor stall).
// Callers: everybody. Threads: any.
#pragma once

#include <cstdint>
#include <string>

namespace trot {

class Clock {
  public:
    virtual ~Clock() = default;
    virtual int64_t wall_ms() const = 0;    // milliseconds since 1970-01-01 UTC
    virtual int64_t steady_us() const = 0;  // microseconds since some fixed point; never goes back
};

Clock& system_clock();  // lives for the whole process

std::string rfc3339(int64_t wall_ms);  // 2026-11-22T02:00:00.123Z (RFC 3339, UTC, milliseconds)

}  // namespace trot
