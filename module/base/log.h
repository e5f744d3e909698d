// Log: a bounded ring of lines that the host drains on its own thread (trot_log_drain). The core never writes to a
// file or calls the host from a foreign thread: a full log pipe must not block a commit (fault F47).
// Callers: every room. Threads: write() any thread; drain() one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace trot {

enum class Level : int { debug = 0, info = 1, notice = 2, warning = 3, error = 4, alarm = 5 };

class Log {
  public:
    explicit Log(size_t max_lines = 4096) : max_lines_(max_lines) {}

    // One line, no newline, no secret: "part: what happened (what to do)". When the ring is full the oldest line goes
    // and the next drained line says how many were lost.
    void write(Level level, std::string line);

    // The oldest line into `line`; false when there is none.
    bool drain(Level& level, std::string& line);

    // Called (on the writing thread) when the ring turns from empty to filled: the engine makes its fd readable.
    void on_first(void (*wake)(void*), void* self);

  private:
    struct Line {
        Level level;
        std::string text;
    };
    std::mutex lock_;
    std::deque<Line> lines_;
    size_t max_lines_;
    uint64_t lost_ = 0;
    void (*wake_)(void*) = nullptr;
    void* self_ = nullptr;
};

// A line that may come often: passes the first of each `every_ms`, and counts the others for the next one.
class Quiet {
  public:
    explicit Quiet(int64_t every_ms) : every_us_(every_ms * 1000) {}
    // true when the line may be written now; `suppressed` is how many were swallowed since the last one. One thread.
    bool pass(int64_t steady_us, uint64_t& suppressed);

  private:
    int64_t every_us_;
    int64_t last_us_ = -1;
    uint64_t suppressed_ = 0;
};

}  // namespace trot
