// OutcomeBook: what attempts led to, on its way to the store: one writer job at a time with all that finished
// meanwhile, after a linger of a few milliseconds (nobody waits for it, and every commit costs). A job that fails is
// submitted again until it is durable; meanwhile its deliveries count as held, so that none is sent a second time.
// Callers: sender (adds), dispatcher. Threads: the dispatcher's; OutcomeBatch::write the writer's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dispatch/context.h"
#include "dispatch/endpoint.h"
#include "dispatch/timers.h"
#include "store/store.h"

namespace trot {

// A subscription's new state, absolute, so that writing it twice does no harm.
struct SubscriptionChange {
    int64_t number = 0;
    SubscriptionState state = SubscriptionState::active;
    std::string reason;
    unsigned failures = 0;
    int64_t failing_ms = 0;
    bool revived = false;  // of a load: it was disabled before; not written
    // What it is changed from; where it is otherwise by then (an operator's or an API's doing), nothing is written.
    Tx::Known before = {};
};

struct OutcomeBatch {
    std::vector<Outcome> outcomes;
    std::vector<EndpointRef> endpoints;  // of each outcome
    std::vector<SubscriptionChange> changes;
    std::vector<Event> events;  // our own: trotline.subscription.disabled
    // Set by write(): those of the lanes that waited for these to end, and whose.
    struct Freed {
        Delivery delivery;
        size_t by = 0;  // in `outcomes`
    };
    std::vector<Freed> freed;
    bool doubtful = false;  // it may have been written before: some may have been freed then

    Result<void> write(Tx& tx, bool in_doubt);
    static constexpr bool patient = true;
    static constexpr bool overtakes = false;
    size_t bytes() const;
};

class OutcomeBook {
  public:
    using Durable = std::function<void(const OutcomeBatch&)>;

    OutcomeBook(Context& context, Durable durable);

    void add(const EndpointRef& endpoint, Outcome outcome);
    void change(SubscriptionChange change);
    void add_event(Event event);
    void flush();  // without linger
    // Outcomes that are not durable yet; above `full` the sender starts nothing new.
    size_t waiting() const { return next_->outcomes.size() + (flying_ ? flying_->outcomes.size() : 0); }
    bool idle() const { return !flying_ && next_->outcomes.empty() && next_->changes.empty() && next_->events.empty(); }
    // Something that has become of a subscription is on its way.
    bool changing() const { return !next_->changes.empty() || (flying_ && !flying_->changes.empty()); }
    bool full() const { return waiting() >= 4000; }
    bool failing() const { return failures_ > 0; }

  private:
    void submit(bool in_doubt);
    void came_back(const Result<void>& result);
    void linger();

    Context& context_;
    Durable durable_;
    std::shared_ptr<OutcomeBatch> next_ = std::make_shared<OutcomeBatch>();
    std::shared_ptr<OutcomeBatch> flying_;
    bool submitted_ = false;  // false while a failed batch waits for its next try
    unsigned failures_ = 0;
    LoopEvent timer_;
};

}  // namespace trot
