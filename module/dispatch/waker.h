// Waker and WakeSocket: how recorders of other processes tell the leader that there are new events: a datagram to
// `dispatch.sock` in the store's directory, which the leader binds. Nothing is said in it and nothing depends on it
// arriving (the leader also looks once a second), so every error is ignored. Callers: engine (a process that only
// records), the dispatcher. Threads: a Waker any; a WakeSocket the dispatcher's.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace trot {

class Waker {
  public:
    explicit Waker(const std::string& store_path);
    ~Waker();
    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;

    void wake() const;  // never blocks

  private:
    int folder_ = -1;
    int fd_ = -1;
    std::string path_;
};

class WakeSocket {
  public:
    // Only the holder of the leader lock may bind: an old socket file is replaced.
    static Result<std::unique_ptr<WakeSocket>> bind(const std::string& store_path);
    ~WakeSocket();  // removes the file: call it before the lock is given up
    WakeSocket(const WakeSocket&) = delete;
    WakeSocket& operator=(const WakeSocket&) = delete;

    int fd() const { return fd_; }
    void empty() const;  // takes every datagram that waits

  private:
    WakeSocket(int folder, int fd, std::string path) : folder_(folder), fd_(fd), path_(std::move(path)) {}

    int folder_;
    int fd_;
    std::string path_;
};

}  // namespace trot
