// LockFile: the queue of the processes that write one store. A writer takes it before its transaction and so does not
// poll SQLite's own busy handler against the others (which starves some of them). An OFD lock: it ends with the
// process, however that ends. Callers: keeper. Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.h"

namespace trot {

class LockFile {
  public:
    LockFile() = default;
    ~LockFile();
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;

    Result<void> open(const std::string& path, int& error);  // error: errno of a failure
    bool is_open() const { return fd_ >= 0; }
    // Waits at most wait_ms, asking give_up() now and then. Fault{Code::late} when it did not get the lock.
    Result<void> acquire(int64_t wait_ms, const std::function<bool()>& give_up);
    void release();

  private:
    bool attempt();
    int fd_ = -1;
};

}  // namespace trot
