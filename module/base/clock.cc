#include "base/clock.h"

#include <fmt/format.h>

#include <ctime>

namespace trot {
namespace {

class SystemClock final : public Clock {
  public:
    int64_t wall_ms() const override { return read(CLOCK_REALTIME) / 1000; }
    int64_t steady_us() const override { return read(CLOCK_MONOTONIC); }

  private:
    static int64_t read(clockid_t id) {
        timespec now{};
        clock_gettime(id, &now);
        return static_cast<int64_t>(now.tv_sec) * 1000000 + now.tv_nsec / 1000;
    }
};

}  // namespace

Clock& system_clock() {
    // Never destroyed: a host that leaves main() may still have threads that ask for the time.
    static auto* const clock = new SystemClock;
    return *clock;
}

std::string rfc3339(int64_t wall_ms) {
    int64_t seconds = wall_ms / 1000;
    int64_t millis = wall_ms % 1000;
    if (millis < 0) {
        millis += 1000;
        seconds -= 1;
    }
    const auto when = static_cast<time_t>(seconds);
    tm utc{};
    if (gmtime_r(&when, &utc) == nullptr) return "1970-01-01T00:00:00.000Z";
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                       utc.tm_hour, utc.tm_min, utc.tm_sec, millis);
}

}  // namespace trot
