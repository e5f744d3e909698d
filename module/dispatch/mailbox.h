// Mailbox: how other threads speak to the dispatcher's loop: notes (closures) and a bare ring ("there may be new
// events"), through one eventfd, so that the loop needs no lock of its own. Callers: the writer's done(), the engine's
// threads; run() on the loop. Threads: post() and ring() any; run() and close() the dispatcher's. Shared by the jobs,
// which may outlive the dispatcher.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"

namespace trot {

class Mailbox {
  public:
    static Result<std::shared_ptr<Mailbox>> make();
    ~Mailbox();
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    int fd() const { return fd_; }          // readable when something waits
    void post(std::function<void()> note);  // after close() the note is dropped
    void ring();                            // cheap: one system call at most until the loop has looked
    bool run();                             // empties the fd, runs the notes in their order; was it rung?
    void close();                           // nothing is run any more

  private:
    explicit Mailbox(int fd) : fd_(fd) {}
    void make_readable();

    const int fd_;
    std::atomic<bool> readable_{false};
    std::atomic<bool> rung_{false};
    std::mutex lock_;
    std::vector<std::function<void()>> notes_;
    bool closed_ = false;
};

}  // namespace trot
