// Copier: copies the -wal back into the database beside the traffic, on a thread and a connection of its own, so that
// no commit waits for it (a copy of 1,000 pages takes 10 ms and two disk syncs, measured). What it leaves behind, the
// writer copies itself when the -wal has grown four times as long: then little is left, and the file starts anew. A
// fault here is not told: the writer meets the same one. Callers: keeper. Threads: ask() any; the rest from one owner.
#pragma once

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
    void stop();  // waits for a copy that is under way

  private:
    void run();
    void copy();

    const Core& core_;
    Thread thread_;
    std::mutex lock_;
    std::condition_variable changed_;
    bool asked_ = false;
    bool stopping_ = false;
};

}  // namespace trot
