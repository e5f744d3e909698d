// LeaderLock: who dispatches. An OFD lock on `leader.lock` in the store's directory: the kernel frees it with the
// process, a stopped process (SIGSTOP) keeps it, and no clock takes part, so that two never dispatch at once (faults
// F05, F22, F33). Callers: the dispatcher. Threads: the dispatcher's.
#pragma once

#include <string>

#include "base/result.h"

namespace trot {

class LeaderLock {
  public:
    explicit LeaderLock(std::string store_path) : path_(std::move(store_path) + "/leader.lock") {}
    ~LeaderLock() { release(); }
    LeaderLock(const LeaderLock&) = delete;
    LeaderLock& operator=(const LeaderLock&) = delete;

    // true: held now. false: somebody else has it. Never blocks.
    Result<bool> take();
    bool held() const { return fd_ >= 0; }
    // Is the held file still the one in the directory? Somebody may have removed it (fault F18): then another process
    // could lock a new file, and this one must step down.
    bool intact() const;
    void release();

  private:
    const std::string path_;
    int fd_ = -1;
};

}  // namespace trot
