// Completions: outcomes on their way back to the host, and the one readable descriptor that announces them and log
// lines. A group commit's outcomes are put one by one and announced together, so that the host's loop wakes once.
// Callers: recorder's and errands' threads put; the door takes on the host's loop. Threads: put/flush/announce any;
// take one.
#pragma once

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
    std::vector<int64_t> events;
    std::vector<std::string> topics;
    bool has_answer = false;
    Answer answer;
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
    size_t taken_ = 0;  // of waiting_, from its front
    size_t reserved_ = 0;
    bool untold_ = false;  // something was put since the last flush
};

}  // namespace trot
