// Thread: a named thread that blocks every signal (signals belong to the host's thread; engineering.md A4 "signals").
// Callers: engine, store, dispatch. Threads: start() and join() from one owner.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/result.h"

namespace trot {

class Thread {
  public:
    Thread() = default;
    ~Thread() { join(); }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    // name: at most 15 bytes (Linux). Fails with Code::no_memory when the system refuses a thread (fault F21).
    Result<void> start(const std::string& name, std::function<void()> body);
    // The calling thread gives way to others of its process: call it first in body. (On Linux a thread has its own
    // nice value.)
    static void give_way();
    void join();
    bool running() const { return thread_.joinable(); }

  private:
    std::thread thread_;
};

}  // namespace trot
