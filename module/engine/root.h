// Root: the engine's first thread, of which all its others are born. It leaves the host's file table
// (base/own_files.h), so whatever owns a descriptor of the engine is made, used and destroyed in a call() or on a
// thread started in one: closed by the host's thread its number would be somebody's client connection. Callers: engine,
// sole. Threads: call() any but its own; start and end from one owner.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "base/thread.h"

namespace trot {

class Root {
  public:
    Root() = default;
    ~Root() { end(); }
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;

    // When it returns the thread has its own table, with the standard streams and `keep` in it, or shares the caller's.
    Result<void> start(int keep);
    bool has_own_files() const { return shares_because_.empty(); }
    const std::string& shares_because() const { return shares_because_; }
    // Runs body on the thread and waits for its end; what it throws is thrown here. Calls run one after the other, so
    // bodies are short, but for the engine's start and end. Without a thread (never started): at once, here.
    void call(const std::function<void()>& body);
    void end();

  private:
    struct Call;
    void run();

    std::mutex lock_;
    std::condition_variable asked_, answered_;
    Call* first_ = nullptr;  // on the stacks of those who wait
    Call** last_ = &first_;
    bool ending_ = false;
    std::string shares_because_;
    Thread thread_;
};

}  // namespace trot
