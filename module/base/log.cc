#include "base/log.h"

#include <fmt/format.h>

namespace trot {

void Log::write(Level level, std::string line) {
    void (*wake)(void*) = nullptr;
    void* self = nullptr;
    {
        const std::lock_guard<std::mutex> hold(lock_);
        if (lines_.empty()) {
            wake = wake_;
            self = self_;
        }
        if (lines_.size() >= max_lines_) {
            lines_.pop_front();
            ++lost_;
        }
        lines_.push_back({level, std::move(line)});
    }
    if (wake != nullptr) wake(self);
}

bool Log::drain(Level& level, std::string& line) {
    const std::lock_guard<std::mutex> hold(lock_);
    if (lost_ > 0) {
        line = fmt::format("log: {} lines were lost because nobody drained the log", lost_);
        level = Level::warning;
        lost_ = 0;
        return true;
    }
    if (lines_.empty()) return false;
    level = lines_.front().level;
    line = std::move(lines_.front().text);
    lines_.pop_front();
    return true;
}

void Log::on_first(void (*wake)(void*), void* self) {
    const std::lock_guard<std::mutex> hold(lock_);
    wake_ = wake;
    self_ = self;
}

bool Quiet::pass(int64_t steady_us, uint64_t& suppressed) {
    if (last_us_ >= 0 && steady_us - last_us_ < every_us_) {
        ++suppressed_;
        return false;
    }
    last_us_ = steady_us;
    suppressed = suppressed_;
    suppressed_ = 0;
    return true;
}

}  // namespace trot
