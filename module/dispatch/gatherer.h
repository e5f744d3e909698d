// Gatherer: sees to it that what gathers goes in time: knows for each subscription when the first of its gathering
// deliveries is due, or that a batch is full, and closes them then (closing.h). What gathers is in the store; here are
// only alarm clocks, which are set anew from it when this process begins to lead and now and then, so that nothing is
// missed. While it is at it, it frees lanes whose head is gone without having let the next one go (a repaired store).
// Callers: lead. Threads: the dispatcher's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dispatch/closing.h"
#include "dispatch/context.h"
#include "dispatch/endpoint.h"
#include "dispatch/timers.h"

namespace trot {

// Lanes whose first one is queued with nothing before it: what is first in them gathers, and goes as it may.
struct LaneRepair {
    std::vector<Lane> lanes;
    std::vector<Delivery> freed;  // set by write()

    Result<void> write(Tx& tx, bool in_doubt);
    static constexpr bool patient = true;
    static constexpr bool overtakes = false;
    static constexpr size_t bytes() { return 4096; }
};

class Gatherer {
  public:
    struct Seams {
        std::function<EndpointRef(int64_t subscription)> endpoint;  // null: it cannot be had now
        std::function<void(const Delivery&)> closed;                // pending now; of a batch the first one
        std::function<void()> ended;                                // a write came to its end
    };

    Gatherer(Context& context, Seams seams);

    void start();  // also after a reload
    void stop();   // closes nothing more; the store has it all
    bool idle() const { return flying_ == 0; }
    // One gathers, new or with one more event in it; bytes of the event.
    void gathers(const Delivery& delivery, uint64_t bytes);
    void look();  // the store may have what nobody told
    // Subscriptions with deliveries that gather here.
    size_t watched() const { return watched_.size(); }

  private:
    struct Watched {
        int64_t at_ms = -1;    // the alarm (steady clock); -1: none is set
        unsigned waiting = 0;  // due, but for the others of their batch, as far as is known
        uint64_t bytes = 0;
        unsigned taken = 0;  // of these two, when the running closing began
        uint64_t taken_bytes = 0;
        bool flying = false;
        bool again = false;  // the alarm rang during the flight
    };

    void set(int64_t subscription, Watched& watched, int64_t at_ms);
    void ring();
    void close(int64_t subscription, Watched& watched);
    void came_back(const Closing& closing, const Result<void>& result);
    void repair(Reader& reader);
    void repaired(const LaneRepair& done, const Result<void>& result);
    int64_t steady_of(int64_t run_ms);
    static int64_t wait_of(const EndpointRef& endpoint);

    Context& context_;
    Seams seams_;
    bool running_ = false;
    size_t flying_ = 0;
    std::unordered_map<int64_t, Watched> watched_;
    std::set<std::pair<int64_t, int64_t>> alarms_;  // steady time, subscription
    Lane repaired_to_;
    int64_t repair_at_ms_ = 0;  // steady clock
    LoopEvent timer_;
    LoopEvent sweep_;
};

}  // namespace trot
