// What the store keeps and tells, as values: events, deliveries, attempts, subscriptions, what waits, and the lists for
// people. store/schema.md says how they lie in the file. Callers: whoever calls the store. Threads: plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace trot {

// What is special about an event; bits, permanent numbers (they are in the file).
enum EventFlag : uint32_t {
    event_partial_answer = 1,  // the upstream's body ended early, or the client went before it came
    event_truncated = 2,       // the answer's body was longer than the cap: payload is what fits or empty
    event_opaque = 4,          // payload is not JSON; it is sent base64-encoded by formats that carry JSON
    event_ambiguous_path = 8,  // the request's path had dot segments, encoded slashes, …
    event_replayed = 16,       // taken from the spill file
    event_unmapped = 32,       // a matching exchange whose body could not be read: topic known, id or payload missing
    event_unhydrated = 64,  // the upstream was to be asked for the payload, and did not tell: it is as it was recorded
    event_hydrated = 128,   // the payload is what the upstream answered when it was asked
    event_owed = 256,       // the upstream is still to be asked: nothing goes out until one of these two is set
    event_private = 512,    // made for one subscription (a ping, a simulated event): never expanded
    event_quarantined = 2048,  // processes ended while they looked at it: never expanded
};

// Event::hook of `trotline send-test`: it says nothing of what deliveries will meet, and is tried once.
inline constexpr const char* test_hook = "send-test";

// What the upstream is to be asked for an event's payload: path and query, and a JSON pointer into the answer.
struct HydrateOrder {
    std::string target, pointer;
};

struct Event {
    int64_t number = 0;  // given by Tx::add_event: greater than every number before it in this store
    std::string topic, resource, resource_id, action, hook;
    int64_t at_ms = 0;  // when the answer's status line was seen
    uint32_t flags = 0;
    std::string method, path;  // path without query (queries hold secrets)
    int status = 0;
    std::string capture;  // 16 bytes, unique among all captures: an event recorded twice is found by it
    uint32_t item = 0;    // index within the capture (batch items, several hooks)
    std::shared_ptr<const std::string> payload;
    std::shared_ptr<const std::string> previous;  // the resource's state before, as JSON; null: unknown, or not asked
    std::shared_ptr<const std::string> context;   // what the hook took along, a JSON object; null: nothing
    // Where it came from, a JSON object: "request_id", "traceparent" (of the client's request), "actor" (hash of whose
    // credential it was), "hop" (the token of the delivery that led to it). Null: nothing is known.
    std::shared_ptr<const std::string> origin;
    std::shared_ptr<const HydrateOrder> hydrate;  // on its way into the store only; null: nothing is to be asked
};

// What waits for another exchange; permanent numbers.
enum class Waiting : int {
    job = 0,    // an exchange, for its result
    result = 1  // a result that came first, for its exchange
};

struct WaitingRow {
    std::string name;  // of the job
    Waiting kind = Waiting::job;
    int64_t at_ms = 0;
    std::string method, path;  // for people
    std::string exchange;      // capture/spill_format.h
};

// What may be kept of jobs and snapshots.
struct MemoryLimits {
    int64_t jobs_before_ms = 0;       // older ones are given up
    int64_t snapshots_before_ms = 0;  // older ones go
    uint64_t snapshot_bytes = 0;
    int most = 0;  // rows to remove at most
};

struct Tidied {
    int rows = 0;
    std::vector<WaitingRow> unresolved;  // jobs (not results) that were given up; without their exchange
};

// gathering: it may still take in later changes, or wait for others to go with it; due_ms is when that ends.
// queued: behind an earlier one of its lane, whose end makes it pending.
enum class DeliveryState : int { pending = 0, delivered = 1, dead = 2, cancelled = 3, gathering = 4, queued = 5 };

struct Delivery {
    int64_t number = 0;  // time-ordered, given by Tx::add_delivery
    int64_t event = 0;
    int64_t subscription = 0;
    std::string format;  // as the subscription was when the delivery was made: fixes the bytes
    DeliveryState state = DeliveryState::pending;
    int64_t due_ms = 0;  // wall clock
    unsigned attempts = 0;
    int last_status = 0;
    std::string last_error;
    int64_t finished_ms = 0;
    std::string lane;         // what is delivered in order: the resource's name; "": nothing is
    int64_t sequence = 0;     // within the lane, from 1
    int64_t first_event = 0;  // of several changes in one: the first, whose `previous` counts
    int64_t opened_ms = 0;    // when the first change came (run clock, as due_ms), while later ones may join; else 0
    int64_t batch = 0;        // the first delivery of those that go in one request; 0: by itself
    int64_t shape = 0;        // how its payload is made from the event's (Tx::shape); 0: as it is; -1: see reshape
    unsigned uncounted = 0;   // attempts that an operator asked for: the schedule does not count them
    unsigned deaths = 0;      // of processes, while they had it in hand
    int64_t task = 0;         // of an operator's, that made it from a recorded event; 0: the event did
    bool logged = false;  // its subscription's API shows its deliveries: found by subscription, answers with headers
};

struct Attempt {
    int64_t delivery = 0;
    unsigned number = 1;
    int64_t at_ms = 0;
    int64_t duration_ms = 0;
    int status = 0;         // 0: no answer
    std::string error;      // "" or class: "timeout", "refused", "tls", "blocked", …
    std::string answer;     // first 4 KiB of the receiver's body
    std::string head = {};  // status line and headers of the answer, as received, where the delivery is logged
};

// What an attempt led to: written together.
struct Outcome {
    Attempt attempt;
    DeliveryState state = DeliveryState::pending;
    int64_t due_ms = 0;   // next try when still pending
    bool unsent = false;  // nothing was sent: no attempt is noted or counted, only why (attempt.error)
    // Its payload could not be made. As long as nothing was ever sent, its bytes are not fixed: should it be delivered
    // again, then in the shape that its subscription has by then.
    bool reshape = false;
    // The attempt's delivery is the first of a batch, and this is what became of all that went with it.
    bool batch = false;
    // It ends (not pending), and is one of those that others of its lane wait for: so many of these are let go, due
    // then.
    unsigned lets_go = 0;  // 0: none; more than one where they go in batches
    int64_t let_go_ms = 0;
};

// One that gathers, and how large it is.
struct Gathered {
    Delivery delivery;
    uint64_t bytes = 0;  // of its event's payload
};

// When the first of a subscription's gathering deliveries is due.
struct GatheringRow {
    int64_t subscription = 0;
    int64_t due_ms = 0;
};

// An order that is not carried out yet, and what has become of its event.
struct HydrationRow {
    int64_t event = 0;
    HydrateOrder order;
    unsigned tries = 0;
    int64_t due_ms = 0;
    bool owed = false;      // the event is there and waits for it
    bool wanted = false;    // a delivery waits for the event
    bool expanded = false;  // the cursor has passed it: it gets no other deliveries
};

// What takes many steps; a step moves it in the transaction that does the step's work.
struct TaskRow {
    int64_t number = 0;  // counts; 0 after add_task(): there was nothing to do
    // "backfill": events that the subscription has no delivery of. "replay": events, whether it has or not.
    // "redeliver", "cancel": deliveries.
    std::string kind;
    int64_t subscription = 0;  // 0: deliveries of any
    std::string filter;        // TaskFilter as JSON (store/task_filter.h)
    int64_t at_event = 0;      // where it stands: the last event, or delivery, that has been looked at
    int64_t until_event = 0;   // the last one that is meant
    int64_t made = 0;          // deliveries so far
    int64_t created_ms = 0;
};

// Which events or deliveries a task is for; 0 and "": all.
struct TaskFilter {
    std::string topic;                   // pattern
    std::string state;                   // of deliveries
    int64_t delivery = 0, event = 0;     // only this one
    int64_t since_ms = 0, until_ms = 0;  // when the events happened
    std::string by;                      // who asked, for people
};

// A note of a process that has died: what it was about when that happened.
struct InHand {
    bool delivery = false;  // else an event
    int64_t number = 0;
    unsigned deaths = 0;  // with this one
};

inline constexpr unsigned most_deaths = 3;  // then a delivery is dead, and an event is not looked at again

enum class SubscriptionState : int { active = 0, paused = 1, disabled = 2, removed = 3 };

// The state `paused` with this reason: an operator says so. It gets new deliveries, which wait.
inline constexpr const char* paused_by_operator = "paused by an operator";

struct SubscriptionRow {
    int64_t number = 0;
    std::string name;
    std::string origin;  // "file", "api:NAME" of a management API, "gone:NAME" once removed through it
    std::string url;     // redacted for lists
    std::string topics;  // comma separated, for lists
    std::string format;
    SubscriptionState state = SubscriptionState::active;
    std::string reason;      // why disabled
    unsigned failures = 0;   // dead deliveries in a row
    int64_t failing_ms = 0;  // since when every attempt has failed; 0: the last one did not
    int64_t created_ms = 0, changed_ms = 0;
    // Of those made through an API:
    std::string filter;      // selectors as JSON (plan/subscription_json.h) where topics alone do not decide
    int64_t since = 0;       // the newest event when it was made: it gets only newer ones
    int64_t generation = 0;  // of the managed subscriptions, when this one last changed
};

// What a retention step removed.
struct Pruned {
    int rows = 0;
    int events = 0;
};

// Lists for people; newest first unless `oldest_first`.
struct Filter {
    std::string topic;                   // pattern, "" all
    std::string subscription;            // name, "" all
    std::string state;                   // "pending" | "delivered" | "dead" | "cancelled", "" all
    int64_t after = 0;                   // ids greater than this (for --follow), 0 none
    int64_t event = 0;                   // deliveries of this event
    int64_t delivery = 0;                // attempts of this delivery
    int64_t since_ms = 0, until_ms = 0;  // when their events happened; 0: no limit
    size_t limit = 100;
    bool oldest_first = false;
};

struct DeliveryLine {
    Delivery delivery;
    std::string topic, subscription, resource_id;
    int64_t event_at_ms = 0;
    std::string answer;  // the last one, of those that are dead
};

struct SubscriptionLine {
    SubscriptionRow row;
    uint64_t pending = 0, delivered = 0, dead = 0;  // pending: gathering and queued ones too
    uint64_t gathering = 0, queued = 0;
    int64_t oldest_pending_ms = 0;
};

// What alarms ask of subscriptions and their deliveries.
struct SubscriptionFigures {
    uint64_t active = 0, paused = 0, disabled = 0;
    int64_t oldest_due_ms = 0;  // of pending deliveries of active ones: the earliest time that one was due; 0: none is
};

struct DeadFigures {
    uint64_t recent = 0;
    uint64_t quarantined = 0;  // however old
};

struct StoreStatus {
    uint64_t events = 0, pending = 0;
    uint64_t gathering = 0, queued = 0;  // of the pending ones
    int64_t cursor = 0, last_event = 0;  // lag = events after cursor
    uint64_t unexpanded = 0;
    uint64_t file_bytes = 0, wal_bytes = 0;
    uint64_t used_bytes = 0;  // of the file, without the pages that are free to be used again
    uint64_t jobs = 0, snapshots = 0, tasks = 0;
    int schema_version = 0;
};

}  // namespace trot
