// Completions: outcomes on their way back to the host, and the one readable descriptor that announces them and log
// lines. A group commit's outcomes are put one by one and announced together, so that the host's loop wakes once.
// Made by the host's thread before the engine leaves its file table, so fd() is the same file on both sides.
// Callers: recorder's and errands' threads put; the door takes on the host's loop. Threads: put/flush/announce any;
// take one.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"

namespace trot {

// The answer to a management request, for the host to send.
struct Answer {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> fields;
    std::string body;
};

struct Completion {
    Code code = Code::ok;  // ok: durable; store: lost (neither store nor spill file)
    bool spilled = false;
    void* user = nullptr;
    uint32_t events = 0;
    // Of at most three of them, comma separated, whole words only. Spelled before they come to the host's loop, which
    // has better things to do, and in place: memory of one thread is dear to another (base/recycle.h).
    char ids[96] = "";
    char topics[128] = "";
    std::unique_ptr<Answer> answer;  // of a management request

    void tell(const std::vector<int64_t>& numbers, const std::vector<std::string>& their_topics);
};

class Completions {
  public:
    Completions();
    ~Completions();
    Completions(const Completions&) = delete;
    Completions& operator=(const Completions&) = delete;

    bool usable() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    // Makes room for one completion, so that put() cannot fail later, when the change is already done. Throws
    // bad_alloc.
    void reserve();
    void release();                   // the room is not needed after all
    void put(Completion completion);  // into reserved room; flush() announces it
    void flush();                     // what was put is complete for now: makes fd readable when something waits
    void announce();                  // makes fd readable
    // Appends at most max completions; clears fd, and announces again when some are left. Oldest first.
    size_t take(std::vector<Completion>& into, size_t max);

  private:
    int fd_;
    std::mutex lock_;
    std::vector<Completion> waiting_;
    size_t taken_ = 0;                 // of waiting_, from its front
    bool untold_ = false;              // something was put since the last flush
    std::atomic<size_t> promised_{0};  // reserved, and not taken yet
    std::atomic<size_t> room_{0};      // how many may be promised before waiting_ has to grow
};

}  // namespace trot
