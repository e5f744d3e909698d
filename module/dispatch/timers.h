// Timers: one libevent timer for any number of endpoints (a heap of wake-up times), and Loop events that clean up after
// themselves. Callers: sender, dispatcher. Threads: the dispatcher's.
#pragma once

#include <event2/event.h>

#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "dispatch/context.h"
#include "dispatch/endpoint.h"

namespace trot {

// A libevent event with a closure. Not copied, not moved: libevent keeps its address.
class LoopEvent {
  public:
    LoopEvent(event_base* base, int fd, short what, std::function<void()> run);
    ~LoopEvent();
    LoopEvent(const LoopEvent&) = delete;
    LoopEvent& operator=(const LoopEvent&) = delete;

    void arm_ms(int64_t ms);  // fires once after ms, instead of when it was armed for before
    void arm();               // waits for its fd
    void fire();              // runs soon, after the callbacks that are due now
    void disarm();
    bool waits() const;

  private:
    event* event_;
    std::function<void()> run_;
};

class EndpointTimers {
  public:
    EndpointTimers(Context& context, std::function<void(const EndpointRef&)> wake);

    // Wakes the endpoint at that steady time, unless it is woken earlier anyway (then it will ask again).
    void set(const EndpointRef& endpoint, int64_t at_ms);
    void clear();

  private:
    struct Entry {
        int64_t at_ms;
        std::weak_ptr<Endpoint> endpoint;
        bool operator<(const Entry& other) const { return at_ms > other.at_ms; }  // the heap's top is the earliest
    };
    void run();
    void arm();

    Context& context_;
    std::function<void(const EndpointRef&)> wake_;
    std::priority_queue<Entry> heap_;
    LoopEvent timer_;
};

}  // namespace trot
