// Backlog: an endpoint's deliveries in the store → its lane in memory, a page at a time. Memory is bounded however much
// waits: a lane takes at most lane_items, all lanes together about `most_held`. `held` are the deliveries in memory:
// queued, on the wire, or with an outcome that is not yet durable. The store still shows them as due, so a page leaves
// them out; that is what makes a second attempt beside a running one impossible. Callers: sender. Threads: the
// dispatcher's.
#pragma once

#include <cstdint>
#include <unordered_set>

#include "dispatch/context.h"
#include "dispatch/endpoint.h"

namespace trot {

class Backlog {
  public:
    explicit Backlog(Context& context) : context_(context) {}

    // Fills the lane when it runs low. False when the store could not be read: try again in a second.
    bool refill(Endpoint& endpoint);
    // The store has (or may have) deliveries for it that are not in memory.
    void mark(Endpoint& endpoint);
    // Delivery written to the store, due then.
    void due_later(Endpoint& endpoint, int64_t due_ms);

    bool hold(int64_t delivery) { return held_.insert(delivery).second; }
    void release(int64_t delivery) { held_.erase(delivery); }
    size_t held() const { return held_.size(); }
    bool crowded() const { return held_.size() >= most_held; }
    // Forgets what is queued; the store has it still.
    void drop_queued(Endpoint& endpoint);

    static constexpr size_t most_held = 100000;

  private:
    bool page(Reader& reader, Endpoint& endpoint, int64_t now_ms, size_t want);
    bool far(Reader& reader, Endpoint& endpoint, int64_t now_ms, size_t want);
    void queue(Endpoint& endpoint, const Delivery& delivery);

    Context& context_;
    std::unordered_set<int64_t> held_;
};

}  // namespace trot
