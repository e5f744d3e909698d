// Sender: which delivery goes out next, the attempt itself, and what its result means.
// Fairness: endpoints take turns in a ring, one attempt a turn; each has its own cap; endpoints that take more than a
// second to answer share at most three quarters of all slots, so that however many are slow, the fast ones go on.
// Callers: dispatcher. Threads: the dispatcher's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "dispatch/backlog.h"
#include "dispatch/bodies.h"
#include "dispatch/consent.h"
#include "dispatch/context.h"
#include "dispatch/endpoint.h"
#include "dispatch/outcomes.h"
#include "dispatch/shaper.h"
#include "dispatch/timers.h"
#include "dispatch/token_book.h"
#include "dispatch/tracing.h"
#include "egress/transport.h"

namespace trot {

class Sender {
  public:
    struct Seams {
        std::function<void(const Endpoint&)> state_changed;  // a subscription was disabled, or has confirmed
        std::function<void()> recorded;                      // an event of our own is durable
        std::function<void()> ended;                         // an attempt or its outcome came to its end
        // Hydrator::park: the delivery's event is owed a payload.
        std::function<bool(int64_t subscription, Item&, bool surely)> park;
        std::function<void(const Delivery&)> gathers;  // let go by what was before it, to go in a batch
        std::function<Shaper::Shaping(const EndpointRef&, Item&)> shape;                          // Shaper::shape
        std::function<Shaper::Shaping(const EndpointRef&, const Item&, Members&)> shape_members;  // the same
    };

    Sender(Context& context, EventCache& cache, Seams seams);
    ~Sender();

    void start(std::shared_ptr<Transport> transport, unsigned slots);
    void set_transport(std::shared_ptr<Transport> transport, unsigned slots);
    void stop();  // starts no attempt any more; those in flight end
    bool running() const { return running_; }

    // A delivery that has just been made: into the fresh lane, or left to the store when that is full.
    void offer(const EndpointRef& endpoint, const Delivery& delivery, const EventRef& event);
    // Looks again at what an endpoint could do: after a load, a state change, an outcome, a timer.
    void consider(const EndpointRef& endpoint);
    void read_anew(const EndpointRef& endpoint);  // the store may have more for it than we were told
    void durable(const OutcomeBatch& batch);
    // Now and then: an endpoint that has attempts in flight and has not answered for a second is slow before its first
    // timeout.
    void watch(Endpoint& endpoint);
    void drop(Endpoint& endpoint) { backlog_.drop_queued(endpoint); }
    // A parked delivery, whose turn has come; null: its subscription has gone.
    void unpark(const EndpointRef& endpoint, Item item);
    void end_unsent(const EndpointRef& endpoint, Outcome outcome);  // one that the shaper had

    unsigned inflight() const { return inflight_; }
    OutcomeBook& outcomes() { return outcomes_; }
    const OutcomeBook& outcomes() const { return outcomes_; }
    const TokenBook& tokens() const { return tokens_; }

  private:
    struct Try {
        EndpointRef endpoint;
        Item item;
        bool probe = false;
        int64_t at_ms = 0;
        std::shared_ptr<const Subscription> settings = nullptr;  // it was sent with
        bool alone = false;                                      // the event was made for this subscription alone
        GatePtr gate = nullptr;                                  // it was counted there
        TokenRef token = nullptr;                                // that it went out with
        bool tokenless = false;                                  // it did not: there was none
    };

    void pump();
    void list(const EndpointRef& endpoint);
    bool admitted(const EndpointRef& endpoint, int64_t now_ms);
    bool in_turn(const EndpointRef& endpoint, bool room, bool due);
    void next_turn(Gate& gate);
    enum class Found { data, parked, nothing, unreadable };
    Found find_data(const EndpointRef& endpoint, Item& item);
    Found find_event(const EndpointRef& endpoint, Item& item);
    Found find_members(const EndpointRef& endpoint, Item& item);
    Outcome outcome_of(const Item& item) const;
    void let_go(const Endpoint& endpoint, const Item& item, Outcome& outcome);
    void wake_freed(const OutcomeBatch& batch);
    Found shaped(const EndpointRef& endpoint, Item& item);
    bool attempt(const EndpointRef& endpoint, Item item);
    Result<std::shared_ptr<Target>> target_of(const Endpoint& endpoint, const Item& item, Renderer& renderer,
                                              const DeliveryView& view);
    bool begin(Endpoint& endpoint);
    void finish(const Try& what, SendResult result);
    void await_token(const EndpointRef& endpoint, Item item);
    void token_came(const EndpointRef& endpoint, Item item, const SendResult* failure);
    bool renew_token(const Try& what, const SendResult& result);
    void judge(const Try& what, const SendResult& result, Outcome& outcome);
    void retry_later(const Try& what, const SendResult& result, Outcome& outcome);
    bool expire(const EndpointRef& endpoint, const Item& item);
    void give_up(Endpoint& endpoint, Outcome& outcome);
    void disable(Endpoint& endpoint, const std::string& reason);
    void confirmed(const Try& what);
    void change(Endpoint& endpoint, SubscriptionState before, const std::string& reason_before);
    void health(const Try& what, const SendResult& result, bool delivered);
    void pace(const Try& what, const SendResult& result, bool delivered);
    void well(Endpoint& endpoint);
    void keep_failing(Endpoint& endpoint);
    void look_at_age(Endpoint& endpoint);
    void measure(Endpoint& endpoint, int64_t duration_us);
    void set_slow(Endpoint& endpoint, bool slow);
    void unsendable(const EndpointRef& endpoint, const Item& item, const Fault& fault);

    Context& context_;
    EventCache& cache_;
    Seams seams_;
    Backlog backlog_;
    Tracing tracing_;
    OutcomeBook outcomes_;
    std::shared_ptr<Transport> transport_;
    unsigned slots_ = 1;
    bool running_ = false;
    unsigned inflight_ = 0;
    unsigned slow_inflight_ = 0;
    std::deque<EndpointRef> ring_;
    std::deque<EndpointRef> parked_;  // slow ones that wait for a slot of the slow
    TokenBook tokens_;
    EndpointTimers timers_;
    ConsentDesk consents_;
    LoopEvent pump_;
    // Transport callbacks may come when the sender has gone (a transport that ends with attempts in flight).
    std::shared_ptr<Sender*> self_;
};

}  // namespace trot
