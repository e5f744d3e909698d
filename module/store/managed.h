// Subscriptions that are made through a management API, and the log of what was sent to them. Callers: manage (reads
// and writes), dispatch (settings). Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/values.h"

namespace trot {

// The state `paused` with this reason: its API says so. It gets no new deliveries, as in the systems themselves; those
// that were made before wait.
inline constexpr const char* paused_by_api = "paused through its API";
// The state `paused` with this reason: its endpoint has not confirmed yet. It gets no new deliveries; what is made for
// it alone (the question) goes out.
inline constexpr const char* unconfirmed = "waits for its endpoint's confirmation";

struct ManagedRow {
    SubscriptionRow row;   // origin "api:NAME"; name: the id, in its system's own form
    std::string title;     // what people call it
    std::string document;  // JSON: what its API keeps besides, unknown attributes among it; no secret
    std::string settings;  // JSON of plan/subscription_json.h: all that deliveries need, secrets among it
};

// A page of one API's subscriptions.
struct ManagedQuery {
    enum class Order { number, title, changed, url };
    std::string api;  // its name
    std::optional<SubscriptionState> state;
    std::string reason;                             // with state: only those of this reason, "" any
    std::string search;                             // in title or document, without case; "" all
    std::string topic;                              // exact; "" all
    int64_t created_after = 0, created_before = 0;  // milliseconds, exclusive; 0 none
    int64_t changed_after = 0, changed_before = 0;
    std::vector<std::string> ids, not_ids;  // names; empty: all, none
    Order order = Order::number;
    bool ascending = false;
    size_t offset = 0, limit = 10;
};

struct ManagedPage {
    std::vector<ManagedRow> rows;
    uint64_t total = 0;  // without offset and limit
};

// A page of the log: deliveries to one API's subscriptions, those that were not tried yet among them.
struct CallQuery {
    enum class Order { number, subscription, last_sent, next_retry };
    std::string api;
    int64_t subscription = 0;         // 0: of all
    std::vector<int64_t> deliveries;  // these only; empty: all
    std::vector<DeliveryState> states;
    std::optional<bool> tried;                      // with an attempt, or without
    std::string resource, action;                   // of the event; "" all
    int64_t created_after = 0, created_before = 0;  // exclusive; 0 none
    int64_t sent_after = 0, sent_before = 0;
    int64_t due_after = 0, due_before = 0;  // of pending ones
    Order order = Order::number;
    bool ascending = false;
    size_t offset = 0, limit = 25;
};

struct Call {
    Delivery delivery;
    SubscriptionRow subscription;
    Event event;      // with payload; number 0 when retention has removed it
    Attempt attempt;  // the last one; number 0 when there was none
};

struct CallPage {
    std::vector<Call> calls;
    uint64_t total = 0;
};

// A member of an event's context, as plan's FilterTerm asks for it.
struct ContextTerm {
    std::string name;
    std::vector<std::string> values;  // one of them, as text
    bool or_absent = false;
};

// A page of events that are not for one subscription alone. Of those in the time range only the newest `most` are
// looked at, or the answer would take as long as the store is old.
struct EventQuery {
    static constexpr size_t most = 10000;
    std::vector<ContextTerm> context;  // all of them
    int64_t number = 0;                // that event, however old; 0 all
    std::string search;                // part of the topic, or the resource's id; "" all
    int64_t from_ms = 0, to_ms = 0;    // inclusive; 0 none
    bool ascending = false;
    size_t offset = 0, limit = 10;
};

struct EventPage {
    std::vector<Event> events;  // with payload, of which at most 8 MiB (but of one at least): null beyond
    uint64_t total = 0;         // without offset and limit
};

}  // namespace trot
