// Hydrator: events that are owed a payload ask the upstream for it before their first delivery. Deliveries of such an
// event are parked here meanwhile: they take no slot, and nothing waits behind them. The answer becomes the event's
// payload in one transaction, which also ends what is owed; after it the payload never changes. Whatever goes wrong, an
// event goes out as it was recorded within longest_hydration_ms. What is owed is in the store, so a crash at any moment
// only makes the next leader ask again. Callers: lead, sender. Threads: the dispatcher's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dispatch/bodies.h"
#include "dispatch/context.h"
#include "dispatch/endpoint.h"
#include "dispatch/hydration.h"
#include "dispatch/hydration_book.h"
#include "dispatch/timers.h"
#include "egress/transport.h"
#include "plan/plan.h"

namespace trot {

class Hydrator {
  public:
    struct Seams {
        // A parked delivery may go, or go back to the store. Its event's data are to be read anew.
        std::function<void(int64_t subscription, Item)> released;
        std::function<void()> ended;  // a write came to its end
    };

    Hydrator(Context& context, EventCache& cache, Seams seams);
    ~Hydrator();

    void start(const PlanPtr& plan, std::shared_ptr<Transport> transport);  // also after a reload
    void stop();  // asks nothing more, lets go of all that is parked
    bool idle() const { return book_.idle(); }
    size_t owed() const { return owed_.size(); }

    // A delivery of it has been made.
    void made(const Event& event);
    // Takes the item when its event is owed a payload. surely: the store has just said so, whether it is known here or
    // not. False: what the caller holds of the event is older than its payload.
    bool park(int64_t subscription, Item& item, bool surely);

  private:
    enum class Stage { queued, asking, settling };
    struct Owed {
        std::shared_ptr<const HydrateOrder> order;  // null: still to be read
        unsigned tries = 0;
        Stage stage = Stage::queued;
        int64_t due_ms = 0;      // these two in steady time
        int64_t give_up_ms = 0;  // then the event goes as it was recorded
        std::vector<std::pair<int64_t, Item>> parked;
    };

    Owed& know(int64_t event);
    void queue(int64_t event, Owed& owed, int64_t due_ms);
    void pump();
    void ask(int64_t event, Owed& owed);
    bool read_order(int64_t event, Owed& owed);
    void answered(int64_t event, const SendResult& result);
    void settle(int64_t event, Owed& owed, std::shared_ptr<const std::string> payload);
    void let_go(int64_t event, Owed& owed, const std::string& why);
    void durable(const HydrationBatch& batch);
    void sweep();

    Context& context_;
    EventCache& cache_;
    Seams seams_;
    HydrationBook book_;
    PlanPtr plan_;
    std::shared_ptr<Transport> transport_;
    Fields headers_;
    JsonReader reader_;
    bool running_ = false;
    unsigned asking_ = 0;
    uint64_t reign_ = 0;  // answers of an earlier one are not ours
    std::unordered_map<int64_t, Owed> owed_;
    std::set<std::pair<int64_t, int64_t>> queue_;        // due, event
    std::deque<std::pair<int64_t, int64_t>> deadlines_;  // give up, event
    int64_t swept_ = 0;                                  // the sweep stands behind this event
    Quiet quiet_{1000};
    LoopEvent timer_;
    LoopEvent sweep_;
    std::shared_ptr<Hydrator*> self_;  // answers may come when this has gone
};

}  // namespace trot
