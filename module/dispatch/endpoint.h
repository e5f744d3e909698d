// Endpoint: a subscription at run time: what it sends with, its two lanes of deliveries in memory, its breaker, and
// where its backlog in the store has been read to. Lives as long as anything is in flight for it, also after its
// subscription has gone. Callers: sender, backlog, subscriptions. Threads: the dispatcher's.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "dialect/style.h"
#include "dispatch/bodies.h"
#include "dispatch/breaker.h"
#include "dispatch/consent.h"
#include "dispatch/gate.h"
#include "egress/transport.h"
#include "plan/plan.h"
#include "store/store.h"

namespace trot {

struct Members;  // dispatch/members.h

// A delivery in memory.
struct Item {
    int64_t number = 0;
    int64_t event = 0;
    unsigned attempts = 0;   // made before
    unsigned uncounted = 0;  // of these: an operator asked for them
    bool asked = false;      // an operator asks for this one
    int64_t shape = 0;       // Delivery::shape
    const Style* style = nullptr;
    EventRef data;            // null: read when its turn comes
    int64_t first_event = 0;  // of several changes in one: whose `previous` counts
    int64_t sequence = 0;     // in its lane
    int64_t batch = 0;        // it stands for all that go in that one request; `number` is the batch's
    std::shared_ptr<const Members> members = nullptr;  // of the batch, read when its turn comes
};

// What the store says of one that is to be sent now.
Item item_of(const Delivery& delivery, const Style* style);

// Most deliveries that the lanes hold; the rest waits in the store. Fresh ones are worth more room: one that overflows
// must be found and read again, and one slow commit brings hundreds.
inline constexpr size_t lane_items = 256;
inline constexpr size_t fresh_items = 4096;

// Is it a question to confirm the endpoint, whose answer makes its subscription active?
bool asks_to_confirm(const Style& style);

struct SubscriptionChange;  // dispatch/outcomes.h

struct Endpoint {
    // The subscription
    int64_t number = 0;
    std::string name;
    SubscriptionState state = SubscriptionState::active;
    std::string reason;
    unsigned failures = 0;      // dead deliveries in a row
    int64_t failing_ms = 0;     // since when every attempt has failed; 0: the last one did not (run clock)
    bool failing_kept = false;  // the store says so, too
    int64_t sick_ms = 0;   // since when it failed, once that opened the breaker: that it recovers is told; 0: it is not
    bool revived = false;  // it was disabled: its first success is told
    std::string id;        // of one that an API made: its id there; empty: of a file's
    int64_t changed_ms = 0;  // when that API last changed it
    bool ended = false;      // removed through that API: nothing of it waits for a return
    bool logged = false;     // its deliveries are shown by an API: answers are kept with their headers
    std::shared_ptr<const Subscription> settings;
    std::shared_ptr<Target> target;
    TargetOptions target_options;  // for URLs that are made for one delivery
    bool tagged = false;           // its URL has tags, and its format fills them in
    const Style* style = nullptr;  // of deliveries made now
    int64_t shape = 0;             // the same

    // Lanes: deliveries made just now do not wait behind an old backlog.
    std::deque<Item> fresh;
    std::deque<Item> backlog;
    bool fresh_turn = true;
    unsigned firsts = 0;  // first attempts since its last retry, see take()

    // On the wire
    unsigned inflight = 0;
    unsigned shaping = 0;  // deliveries whose payload is being made
    unsigned cap = 1;      // min(concurrency, a quarter of all slots)
    Breaker breaker;
    GatePtr gate;
    bool in_gate = false;              // waits for its turn there
    std::shared_ptr<Consent> consent;  // null: it is not asked for
    bool slow = false;                 // answers take more than a second: see Sender
    int64_t usual_us = 0;              // moving average of an attempt's duration
    int64_t heard_ms = 0;              // when it last answered, or was asked while nothing was in flight (steady clock)
    bool listed = false;               // waits for its turn in the sender's ring
    bool awaits_token = false;         // one of its deliveries waits for a token, the others behind it

    // What the store has for it besides the lanes
    bool more = true;         // there may be due deliveries that are not in memory
    bool scan_whole = true;   // the running scan began at the oldest
    int64_t scan_due_ms = 0;  // where it stands
    int64_t scan_number = 0;
    bool far_checked = false;  // deliveries due impossibly late have been looked for (RunClock)
    int64_t next_due_ms = -1;  // of those not yet due; -1 none known (run clock)
    int64_t wake_ms = -1;      // the earliest timer that is set for it (steady clock), -1 none

    Endpoint() = default;
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;
    ~Endpoint() {
        if (gate) gate->leave(number);
    }
    // New settings; true: its URL is another one.
    bool adopt(std::shared_ptr<const Subscription> to);
    void take_state(const SubscriptionChange& change, bool anew);  // of a load
    void resumed(SubscriptionState from);                          // it is active, and was not: a new chance
    void set_gate(GatePtr to);                                     // with the rates of settings and consent
    void join_gate();                                              // these have changed

    size_t queued() const { return fresh.size() + backlog.size(); }
    // Something may be sent to it.
    bool active() const { return target != nullptr && (state == SubscriptionState::active || is_unconfirmed()); }
    bool is_unconfirmed() const { return state == SubscriptionState::paused && reason == unconfirmed; }
    // One that has not confirmed yet gets nothing but the question.
    bool takes(const Style* of) const { return !is_unconfirmed() || (of != nullptr && asks_to_confirm(*of)); }
    // The next of both lanes in turn. Of an endpoint that is unwell retries are no more than a tenth of the first
    // attempts while there are fresh ones (reliability 5.3): what has failed must not be what brings it down.
    Item take();
    // What renders a style; made when first needed: deliveries keep the style they were made with.
    Result<Renderer*> renderer(const Style& with);
    void forget_renderers() { renderers_.clear(); }

  private:
    std::map<const Style*, std::unique_ptr<Renderer>> renderers_;
};

using EndpointRef = std::shared_ptr<Endpoint>;

}  // namespace trot
