// Expander: recorded events → one delivery for each subscription that asked for the topic, where FanOut has not made
// them already: large fan-outs, events of other processes, of before this one led, or taken from the spill file behind
// those. A durable cursor says how far that is done; deliveries and cursor are written in one transaction, which looks
// whether the cursor is where the expansion began, so that a crash at any point, an unknown outcome of a commit, or a
// second dispatcher can neither lose nor double one. An event's whole fan-out is in one job; small events share a job
// until it makes 1,000 deliveries. Callers: lead. Threads: the dispatcher's; Expansion::write the writer's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "dispatch/bodies.h"
#include "dispatch/context.h"
#include "dispatch/fan_out.h"
#include "dispatch/timers.h"
#include "dispatch/topics.h"

namespace trot {

struct Expansion {
    int64_t from = 0;  // the cursor before
    int64_t to = 0;
    std::vector<Delivery> deliveries;  // numbers are set by write()
    std::vector<EventRef> events;      // of each delivery; only touched on the loop
    // Those that wait for others of their lane, by their place in `deliveries`; most expansions have none.
    struct Waits {
        size_t at = 0;
        LaneRulesPtr rules;
        std::string lane;
    };
    std::vector<Waits> waits;
    int64_t now_ms = 0;
    bool overtaken = false;  // set by write(): the cursor is elsewhere, nothing was written
    int64_t generation = 0;  // of the managed subscriptions it knows
    bool outdated = false;   // set by write(): they have changed, nothing was written

    Result<void> write(Tx& tx, bool in_doubt);
    bool patient = false;
    static constexpr bool overtakes = true;
    size_t bytes() const { return deliveries.size() * 128; }
};

class Expander {
  public:
    struct Seams {
        std::function<void(const Delivery&, const EventRef&)> made;  // it is durable and may be sent
        // Deliveries were written that made() has not told: they are only in the store.
        std::function<void()> surprise;
        // Managed subscriptions have changed since topics was made.
        std::function<void()> outdated;
    };

    Expander(Context& context, EventCache& cache, const FanOut& fan_out, const TopicIndexPtr& topics, Seams seams);

    void set_patient(bool patient) {
        patient_ = patient;
    }                                                     // guarantee "async": expansions linger like what they expand
    void start();                                         // this process leads now
    void stop();                                          // begins nothing new
    void poll();                                          // there may be new events
    void renewed();                                       // topics has another generation: what was passed counts anew
    void landed(Ride& ride, const Result<void>& result);  // FanOut has moved the cursor, or has failed to
    bool idle() const { return !flying_; }

  private:
    bool locate(Reader& reader);
    bool read();
    void pass_all();
    void look();
    std::shared_ptr<Expansion> next();
    void submit(std::shared_ptr<Expansion> expansion);
    void came_back(Expansion& expansion, const Result<void>& result);
    void forget();
    void fail(const Result<void>& result);
    void passed(int64_t to);

    Context& context_;
    EventCache& cache_;
    const FanOut& fan_out_;
    const TopicIndexPtr& topics_;  // the newest
    Seams seams_;
    bool patient_ = false;
    bool running_ = false;
    bool flying_ = false;
    bool asked_ = false;    // polled during a flight
    bool renew_ = false;    // renewed during a flight
    bool located_ = false;  // cursor_ is what the store says
    bool failing_ = false;  // waits for again_
    int64_t cursor_ = 0;    // expanded up to here, durably
    int64_t looked_ = 0;    // up to here nobody asked for anything; written with the next job
    int64_t read_to_ = 0;   // read up to here
    std::deque<Event> ahead_;
    EventMatcher matcher_;
    std::vector<const Listener*> matches_;
    LoopEvent again_;
    LoopEvent lazy_;  // writes a cursor that only passed events nobody asked for
};

}  // namespace trot
