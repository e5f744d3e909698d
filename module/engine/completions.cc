#include "engine/completions.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "crypto/ids.h"

namespace trot {
namespace {

constexpr size_t told_most = 3;

template <size_t N>
bool append(char (&field)[N], size_t& used, std::string_view word) {
    if (used + word.size() + 2 > N) return false;
    if (used > 0) field[used++] = ',';
    std::memcpy(field + used, word.data(), word.size());
    used += word.size();
    field[used] = '\0';
    return true;
}

}  // namespace

void Completion::tell(const std::vector<int64_t>& numbers, const std::vector<std::string>& their_topics) {
    events = static_cast<uint32_t>(numbers.size());
    size_t used = 0;
    for (size_t i = 0; i < std::min(numbers.size(), told_most); ++i)
        if (!append(ids, used, spell_id(event_prefix, numbers[i]))) break;
    used = 0;
    for (size_t i = 0; i < std::min(their_topics.size(), told_most); ++i)
        if (!append(topics, used, their_topics[i])) break;
}

Completions::Completions() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Completions::~Completions() {
    if (fd_ >= 0) close(fd_);
}

void Completions::reserve() {
    const size_t needed = promised_.fetch_add(1, std::memory_order_relaxed) + 1;
    if (needed <= room_.load(std::memory_order_acquire)) return;
    try {
        const std::lock_guard<std::mutex> hold(lock_);
        // Twice: what was taken from the front stays until it is the larger half.
        waiting_.reserve(4 * needed);
        room_.store(waiting_.capacity() / 2, std::memory_order_release);
    } catch (...) {
        release();
        throw;
    }
}

void Completions::release() { promised_.fetch_sub(1, std::memory_order_relaxed); }

void Completions::put(Completion completion) {
    const std::lock_guard<std::mutex> hold(lock_);
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
    promised_.fetch_sub(moved, std::memory_order_relaxed);
    if (more) announce();
    return moved;
}

}  // namespace trot
