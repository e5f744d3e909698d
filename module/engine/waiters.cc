#include "engine/waiters.h"

#include <chrono>

namespace trot {

void* Waiters::enter() {
    auto seat = std::make_shared<Seat>();
    void* token = seat.get();
    const std::lock_guard<std::mutex> hold(lock_);
    seats_.emplace(token, std::move(seat));
    count_.fetch_add(1, std::memory_order_release);
    return token;
}

void Waiters::erase(Seats::iterator seat) {
    seats_.erase(seat);
    count_.fetch_sub(1, std::memory_order_release);
}

void Waiters::leave(void* token) {
    const std::lock_guard<std::mutex> hold(lock_);
    const auto found = seats_.find(token);
    if (found != seats_.end()) erase(found);
}

bool Waiters::finish(void* token, Code code) {
    if (count_.load(std::memory_order_acquire) == 0) return false;
    const std::lock_guard<std::mutex> hold(lock_);
    const auto found = seats_.find(token);
    if (found == seats_.end()) return false;
    found->second->done = true;
    found->second->code = code;
    found->second->turn.notify_one();
    if (found->second->gone) erase(found);
    return true;
}

Code Waiters::wait(void* token, int64_t ms) {
    std::unique_lock<std::mutex> hold(lock_);
    const auto found = seats_.find(token);
    if (found == seats_.end()) return Code::usage;
    const std::shared_ptr<Seat> seat = found->second;
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
    seat->turn.wait_until(hold, until, [&] { return seat->done; });
    if (!seat->done) {
        seat->gone = true;  // finish() frees the seat
        return Code::late;
    }
    erase(seats_.find(token));
    return seat->code;
}

}  // namespace trot
