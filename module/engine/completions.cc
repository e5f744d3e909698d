#include "engine/completions.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

namespace trot {

Completions::Completions() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Completions::~Completions() {
    if (fd_ >= 0) close(fd_);
}

void Completions::reserve() {
    const std::lock_guard<std::mutex> hold(lock_);
    const size_t needed = waiting_.size() + reserved_ + 1;
    if (waiting_.capacity() < needed) waiting_.reserve(std::max<size_t>(needed, 2 * waiting_.capacity()));
    ++reserved_;
}

void Completions::release() {
    const std::lock_guard<std::mutex> hold(lock_);
    --reserved_;
}

void Completions::put(Completion completion) {
    const std::lock_guard<std::mutex> hold(lock_);
    --reserved_;
    waiting_.push_back(std::move(completion));
    untold_ = true;
}

void Completions::flush() {
    {
        const std::lock_guard<std::mutex> hold(lock_);
        if (!untold_) return;
        untold_ = false;
    }
    announce();
}

void Completions::announce() {
    const uint64_t one = 1;
    // A full counter (EAGAIN) is readable already: nothing is lost by ignoring it.
    if (write(fd_, &one, sizeof one) < 0) return;
}

size_t Completions::take(std::vector<Completion>& into, size_t max) {
    uint64_t count = 0;
    if (read(fd_, &count, sizeof count) < 0) count = 0;
    bool more = false;
    size_t moved = 0;
    {
        const std::lock_guard<std::mutex> hold(lock_);
        moved = std::min(max, waiting_.size() - taken_);
        for (size_t i = 0; i < moved; ++i) into.push_back(std::move(waiting_[taken_ + i]));
        taken_ += moved;
        more = taken_ < waiting_.size();
        // Give the front back once it is the larger half, so that a queue that never runs dry does not grow for ever.
        if (taken_ > waiting_.size() / 2) {
            waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken_));
            taken_ = 0;
        }
    }
    if (more) announce();
    return moved;
}

}  // namespace trot
