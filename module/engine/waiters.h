// Waiters: threads that wait for their own commit instead of reaping (trot_capture_wait). Callers: engine. Threads:
// any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/result.h"

namespace trot {

class Waiters {
  public:
    void* enter();                        // a user token to commit with
    void leave(void* token);              // the commit was not taken
    bool finish(void* token, Code code);  // false when the token is not a waiter's: it belongs to the host
    Code wait(void* token, int64_t ms);   // how it ended, or Code::late; gives up the token either way

  private:
    struct Seat {
        bool done = false;
        bool gone = false;  // its thread gave up waiting
        Code code = Code::ok;
        std::condition_variable turn;
    };
    using Seats = std::unordered_map<void*, std::shared_ptr<Seat>>;
    void erase(Seats::iterator seat);
    std::atomic<size_t> count_{0};  // spares the usual host (none waits) the lock
    std::mutex lock_;
    Seats seats_;
};

}  // namespace trot
