// Shaper: deliveries whose payload is not the event's own: before the first attempt the subscription's program says
// whether it wants the event, fields are left out or hidden, another program makes what is sent (shape/recipe.h). While
// jq has them they are parked here: they take no slot, and nothing waits behind them. What is made is shared by all
// deliveries of the event with the same shape, and is the same when it is made again after a restart. Whatever goes
// wrong, nothing goes out that is not shaped: a program's mistake makes a dead letter that says it, and until jq can be
// run deliveries wait. Callers: lead, sender. Threads: the dispatcher's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "dispatch/bodies.h"
#include "dispatch/context.h"
#include "dispatch/endpoint.h"
#include "dispatch/jq_line.h"
#include "dispatch/members.h"
#include "shape/recipe.h"

namespace trot {

class Shaper {
  public:
    struct Seams {
        std::function<void(int64_t subscription, Item)> released;  // shaped, or to go back to the store
        // It ends, or is put off, without an attempt.
        std::function<void(const EndpointRef&, Outcome)> ended;
        std::function<void(const EndpointRef&)> room;  // one that was told `full` may ask again
    };
    enum class Shaping { ready, taken, full };

    Shaper(Context& context, EventCache& cache, Seams seams);
    ~Shaper();

    // ready: item.data is what is sent. taken: the item has been moved from; the seams tell. full: later.
    Shaping shape(const EndpointRef& endpoint, Item& item);
    // The same for all that go in one request, which no jq program has a part in: ready; or taken, it ends as a whole,
    // for what cannot be made of one of them; or full.
    Shaping shape(const EndpointRef& endpoint, const Item& batch, Members& members);
    void stop();  // lets go of all that is parked
    size_t waiting() const { return parked_.size(); }

  private:
    struct Parked {
        EndpointRef endpoint;
        Item item;
        std::shared_ptr<Recipe> recipe;
    };
    using Ticket = uint64_t;

    Result<std::shared_ptr<Recipe>> recipe_of(const Endpoint& endpoint, int64_t shape);
    bool ready_made(Item& item);
    Shaping make(const EndpointRef& endpoint, Item& item, const std::shared_ptr<Recipe>& recipe);
    Shaping adopt(const EndpointRef& endpoint, Item& item);
    void ask_filter(Ticket ticket);
    void filtered(Ticket ticket, const Result<JqAnswer>& answer);
    void go_on(Ticket ticket);
    void transformed(Ticket ticket, const Event& hidden, const Result<JqAnswer>& answer);
    Result<void> make_member(const Endpoint& endpoint, Item& item);
    Result<Event> plain(const Item& item, Recipe& recipe);
    void take(Item& item, Event shaped, bool shared);
    void release(Ticket ticket);
    Parked remove(Ticket ticket);
    void end(const EndpointRef& endpoint, const Item& item, DeliveryState state, const std::string& why);
    void fail(const EndpointRef& endpoint, const Item& item, const std::string& why, const std::string& for_log,
              size_t deliveries = 1);
    void postpone(const EndpointRef& endpoint, const Item& item, const std::string& why);

    Context& context_;
    EventCache& cache_;
    Seams seams_;
    JqLine line_;
    std::unordered_map<int64_t, std::shared_ptr<Recipe>> recipes_;          // by shape
    std::map<std::pair<int64_t, int64_t>, std::weak_ptr<EventData>> made_;  // by event and shape
    size_t sweep_at_ = 1024;
    std::map<Ticket, Parked> parked_;
    Ticket last_ = 0;
    std::deque<std::weak_ptr<Endpoint>> refused_;  // were told `full` for all the others
    Secret claim_key_;
    Quiet quiet_{1000};
    std::shared_ptr<Shaper*> self_;  // writes may come back when this has gone
};

}  // namespace trot
