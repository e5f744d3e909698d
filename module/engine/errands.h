// Errands: one thread for what may block and is in no hurry: management requests, and once a second the status file. No
// host thread ever waits for the store. Callers: engine. Threads: add() any, never blocks; start/stop from one owner.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

#include "base/thread.h"

namespace trot {

class Errands {
  public:
    ~Errands() { stop(); }
    // each_second runs on the thread about once a second, and once more at the end.
    Result<void> start(std::function<void()> each_second);
    // False after stop() began: the errand was not taken.
    bool add(std::function<void()> errand);
    void stop();  // runs what was taken, then joins

  private:
    void run();
    std::function<void()> each_second_;
    std::mutex lock_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> waiting_;
    bool stopping_ = false;
    Thread thread_;
};

}  // namespace trot
