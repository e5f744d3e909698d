// Copier: copies the -wal back into the database beside the traffic, on a thread and a connection of its own, so that
// no commit waits for it (a copy of 1,000 pages takes 10 ms and two disk syncs, measured). When the -wal has become
// long and little is left to copy, the writer copies the rest itself, so that the file starts anew. A fault here is not
// told: the writer meets the same one. Callers: keeper. Threads: ask() any; the rest from one owner.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "base/thread.h"
#include "store/core.h"
#include "store/sqlite.h"

namespace trot {

class Copier {
  public:
    explicit Copier(const Core& core) : core_(core) {}
    ~Copier() { stop(); }
    Copier(const Copier&) = delete;
    Copier& operator=(const Copier&) = delete;

    Result<void> start();
    void ask();
    int copied() const { return copied_.load(std::memory_order_relaxed); }  // pages of the -wal, when it last ended
    void restarted() { copied_ = 0; }                                       // the -wal begins anew
    void stop();                                                            // waits for a copy that is under way

  private:
    void run();
    void copy();

    const Core& core_;
    Thread thread_;
    std::mutex lock_;
    std::condition_variable changed_;
    std::atomic<int> copied_{0};
    bool asked_ = false;
    bool stopping_ = false;
};

}  // namespace trot
