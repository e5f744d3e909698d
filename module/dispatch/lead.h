// Lead: the life of a dispatcher on its loop: away (somebody else leads) → loading (lock held, subscriptions being
// written) → leading → leaving (attempts in flight end, their outcomes become durable) → away. Wires the parts; decides
// nothing about deliveries. Callers: dispatcher.cc. Threads: the dispatcher's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dispatch/bodies.h"
#include "dispatch/context.h"
#include "dispatch/deaths.h"
#include "dispatch/dispatcher.h"
#include "dispatch/expander.h"
#include "dispatch/fan_out.h"
#include "dispatch/gatherer.h"
#include "dispatch/hydrator.h"
#include "dispatch/leader.h"
#include "dispatch/retention.h"
#include "dispatch/sender.h"
#include "dispatch/shaper.h"
#include "dispatch/subscriptions.h"
#include "dispatch/tasks.h"
#include "dispatch/waker.h"

namespace trot {

class Lead {
  public:
    using MakeTransport = std::function<Result<std::unique_ptr<Transport>>(event_base*, const Plan&)>;

    Lead(Context& context, PlanPtr plan, MakeTransport make_transport, std::shared_ptr<FanOut> fan_out);
    ~Lead();

    void begin();
    void poll();
    void swap(PlanPtr plan);
    void quiesce();
    // Calls `done` when nothing is in flight and every outcome is durable, or when it takes too long.
    void stop(int64_t drain_ms, std::function<void()> done);
    std::string status() const;

  private:
    enum class State { away, loading, leading, leaving };

    void tick();
    void follow();
    void take(const Subscriptions::Followed& followed);
    void wake_waiting();
    void cancel(int64_t subscription);
    void look_again(int64_t subscription, bool less);
    void made(const Delivery& delivery, const EventRef& event);
    void send(const Delivery& delivery, const EventRef& event);
    void publish();
    void enter();
    void load();
    void loaded(const SubscriptionSet& set, const Result<void>& result);
    Result<void> equip(const Plan& plan);
    void leave(int64_t most_ms);
    void look_left();
    void left();

    Context& context_;
    PlanPtr plan_;     // the newest
    PlanPtr running_;  // the one the endpoints were made from
    MakeTransport make_transport_;
    std::shared_ptr<FanOut> fan_out_;
    State state_ = State::away;
    bool quiet_ = false;       // does not lead again
    bool loading_ = false;     // a subscription job is with the writer
    bool load_waits_ = false;  // … for what is on its way there
    bool missed_ = false;      // there was something to send to a managed one whose settings could not be read
    size_t cancelling_ = 0;
    std::vector<int64_t> uncancelled_;
    int64_t leave_by_ms_ = 0;
    std::function<void()> done_;
    Quiet quiet_lock_{60000};

    LeaderLock lock_;
    std::unique_ptr<WakeSocket> socket_;
    std::unique_ptr<LoopEvent> socket_event_;
    EventCache cache_;
    Subscriptions subscriptions_;
    std::shared_ptr<Transport> transport_;
    std::vector<std::shared_ptr<Transport>> retired_;  // of earlier plans, until their attempts have ended
    Sender sender_;
    Shaper shaper_;
    Hydrator hydrator_;
    Gatherer gatherer_;
    Expander expander_;
    Retention retention_;
    Deaths deaths_;
    Tasks tasks_;
    LoopEvent tick_;
};

// How many connections are worth keeping: twice the destinations, bounded by the file descriptors that one table may
// have (the host's connections are in another, most often).
unsigned kept_connections(const Plan& plan);

}  // namespace trot
