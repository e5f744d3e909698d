// Store: the durable record. Events, deliveries, attempts and subscriptions' states in one SQLite file (WAL,
// synchronous FULL); schema in store/schema.md. One Writer thread a process does every write: it takes all the jobs
// that wait, runs them in one transaction and syncs once (group commit). Readers have connections of their own and
// never block the writer. Callers: capture (records), dispatch (expands, claims, outcomes), the door (lists). Threads:
// tagged below.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/result.h"

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
};

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

enum class DeliveryState : int { pending = 0, delivered = 1, dead = 2, cancelled = 3 };

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
};

struct Attempt {
    int64_t delivery = 0;
    unsigned number = 1;
    int64_t at_ms = 0;
    int64_t duration_ms = 0;
    int status = 0;      // 0: no answer
    std::string error;   // "" or class: "timeout", "refused", "tls", "blocked", …
    std::string answer;  // first 4 KiB of the receiver's body
};

// What an attempt led to: written together.
struct Outcome {
    Attempt attempt;
    DeliveryState state = DeliveryState::pending;
    int64_t due_ms = 0;  // next try when still pending
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

enum class SubscriptionState : int { active = 0, paused = 1, disabled = 2, removed = 3 };

struct SubscriptionRow {
    int64_t number = 0;
    std::string name;
    std::string origin;  // "file" (or a management API, later)
    std::string url;     // redacted for lists
    std::string topics;  // comma separated, for lists
    std::string format;
    SubscriptionState state = SubscriptionState::active;
    std::string reason;     // why disabled
    unsigned failures = 0;  // dead deliveries in a row
    int64_t created_ms = 0, changed_ms = 0;
};

// What a retention step removed.
struct Pruned {
    int rows = 0;
    int events = 0;
};

// An open write transaction; only inside Job::write, on the writer thread.
class Tx {
  public:
    virtual ~Tx() = default;
    virtual Result<void> add_event(Event& event) = 0;  // sets number
    // Is that capture's item already recorded? Only asked after a commit whose outcome is unknown.
    virtual Result<bool> has_event(std::string_view capture, uint32_t item, int64_t since_ms) = 0;
    virtual Result<void> add_delivery(Delivery& delivery) = 0;  // sets number
    virtual Result<int64_t> cursor() = 0;  // as this transaction sees it: lets an expansion prove it is the first
    virtual Result<void> set_cursor(int64_t event) = 0;  // events up to it are expanded
    // Are all events from before this transaction expanded? Asked after an add_event().
    virtual Result<bool> caught_up() = 0;
    virtual Result<void> finish(const Outcome& outcome) = 0;  // delivery row and attempt row
    // Inserts or updates by (origin, name); keeps number, state, failures and created_ms of a known one. Sets number
    // and state.
    virtual Result<void> put_subscription(SubscriptionRow& row) = 0;
    virtual Result<void> set_subscription(int64_t number, SubscriptionState state, std::string_view reason,
                                          unsigned failures) = 0;
    // Every file subscription whose name is not in `names` becomes `removed`; its pending deliveries wait for its
    // return.
    virtual Result<void> keep_subscriptions(const std::vector<std::string>& names) = 0;
    // Jobs and snapshots: what is remembered from one exchange to the next, by name. A name has one row at most.
    virtual Result<std::optional<std::string>> find_waiting(std::string_view name, Waiting kind) = 0;
    virtual Result<void> put_waiting(const WaitingRow& row) = 0;
    virtual Result<void> remove_waiting(std::string_view name) = 0;
    // A snapshot from after `at_ms` is none: it shows what came later.
    virtual Result<std::optional<std::string>> find_snapshot(std::string_view name, int64_t at_ms) = 0;
    // Both leave a snapshot from after `at_ms` alone.
    virtual Result<void> put_snapshot(std::string_view name, int64_t at_ms, std::string_view state) = 0;
    virtual Result<void> remove_snapshot(std::string_view name, int64_t at_ms) = 0;
    virtual Result<Tidied> tidy(const MemoryLimits& limits) = 0;  // a step of retention for both
    // One retention step: of the finished events older than `before_ms`, the oldest first, at most `events` go, with
    // deliveries and attempts; it ends when about `rows` rows of all kinds are gone (an event with many deliveries goes
    // in several steps).
    virtual Result<Pruned> prune(int64_t before_ms, int rows, int events) = 0;
    // Ends what is owed to an event: with the payload that its deliveries carry from now on, or as it was recorded
    // (null). Only the first time; afterwards nothing is changed.
    virtual Result<void> settle_hydration(int64_t event, const std::string* payload) = 0;
    virtual Result<void> postpone_hydration(int64_t event, unsigned tries, int64_t due_ms) = 0;
};

// A unit of work for the writer. write() may run twice (the group is retried job by job when one fails), so it must
// depend on nothing but its own data; done() runs exactly once, on the writer thread, after the commit is durable or
// has failed for good.
class Job {
  public:
    virtual ~Job() = default;
    virtual Result<void> write(Tx& tx) = 0;
    virtual void done(const Result<void>& outcome) = 0;
    virtual size_t bytes() const { return 0; }  // the group is cut at 4 MiB or 2,000 jobs
    // Nobody waits for it: it may linger for company (StoreOptions::linger_us).
    virtual bool patient() const { return false; }
    // Goes before the jobs that wait: what it writes about older events lets a Rider take care of theirs.
    virtual bool overtakes() const { return false; }
    // Set by the writer before write() when an earlier commit of this job ended with an unknown outcome (EIO in fsync).
    bool in_doubt = false;
};

// Rides on every group in which events are added: what an event calls for is written in the event's own transaction.
// Callers: dispatch. Threads: the writer's. Neither call may throw.
class Rider {
  public:
    virtual ~Rider() = default;
    // A group begins. False: it goes without the rider, and no copies of its events are made.
    virtual bool boards() { return true; }
    // Copies of the group's events in their order, with their numbers; it may keep them. When it fails the group is
    // written without it: it never harms what it rides on.
    virtual Result<void> write(Tx& tx, std::vector<Event>& added) = 0;
    // After a group's write(), once: durable, or why that is not known. Told after the jobs that overtake and before
    // the others: the first attempt starts on another processor while the clients are answered (a tenth sooner,
    // measured).
    virtual void done(const Result<void>& outcome) = 0;
};

// [any thread] submit, ride; [writer thread] everything else.
class Writer {
  public:
    virtual ~Writer() = default;
    // Takes the job; false (job untouched) after stop() began. Never blocks.
    virtual bool submit(std::unique_ptr<Job>& job) = 0;
    // Runs all that waits (at most drain_ms), fails the rest with Code::stopped, joins. Any thread, once.
    virtual void stop(int64_t drain_ms) = 0;
    // From the next group on; null: none. One at a time. Any thread.
    virtual void ride(std::shared_ptr<Rider> rider) = 0;
    // Sick: the last commit failed and no later one has succeeded. Relaxed; any thread.
    virtual bool healthy() const = 0;
    virtual size_t waiting() const = 0;
};

// Lists for people; newest first unless `oldest_first`.
struct Filter {
    std::string topic;         // pattern, "" all
    std::string subscription;  // name, "" all
    std::string state;         // "pending" | "delivered" | "dead" | "cancelled", "" all
    int64_t after = 0;         // ids greater than this (for --follow), 0 none
    int64_t event = 0;         // deliveries of this event
    int64_t delivery = 0;      // attempts of this delivery
    size_t limit = 100;
    bool oldest_first = false;
};

struct DeliveryLine {
    Delivery delivery;
    std::string topic, subscription, resource_id;
    int64_t event_at_ms = 0;
};

struct SubscriptionLine {
    SubscriptionRow row;
    uint64_t pending = 0, delivered = 0, dead = 0;
    int64_t oldest_pending_ms = 0;
};

struct StoreStatus {
    uint64_t events = 0, pending = 0;
    int64_t cursor = 0, last_event = 0;  // lag = events after cursor
    uint64_t unexpanded = 0;
    uint64_t file_bytes = 0, wal_bytes = 0;
    uint64_t used_bytes = 0;  // of the file, without the pages that are free to be used again
    uint64_t jobs = 0, snapshots = 0;
    int schema_version = 0;
};

// A connection of its own for reading; one thread at a time. Sees what was committed when each call starts.
class Reader {
  public:
    virtual ~Reader() = default;
    virtual Result<int64_t> cursor() = 0;
    // With payload, oldest first; ends early when `max_bytes` of payload are reached (but gives at least one).
    virtual Result<std::vector<Event>> events_after(int64_t number, size_t limit, size_t max_bytes = 8U << 20) = 0;
    virtual Result<Event> event(int64_t number) = 0;
    virtual Result<int64_t> newest_event() = 0;  // 0: there is none
    // Pending deliveries of a subscription due at or before `until_ms`, after position (due, number), in that order.
    virtual Result<std::vector<Delivery>> due(int64_t subscription, int64_t until_ms, int64_t after_due_ms,
                                              int64_t after_number, size_t limit) = 0;
    // When the next pending delivery of a subscription is due; -1 when there is none.
    virtual Result<int64_t> next_due(int64_t subscription) = 0;
    virtual Result<std::vector<SubscriptionRow>> subscriptions() = 0;
    // Orders of events behind that number, oldest first.
    virtual Result<std::vector<HydrationRow>> hydrations(int64_t after_event, size_t limit) = 0;
    virtual Result<std::vector<Event>> list_events(const Filter& filter) = 0;  // without payload
    virtual Result<std::vector<DeliveryLine>> list_deliveries(const Filter& filter) = 0;
    virtual Result<std::vector<Attempt>> list_attempts(const Filter& filter) = 0;
    virtual Result<std::vector<SubscriptionLine>> list_subscriptions() = 0;
    virtual Result<StoreStatus> status() = 0;
};

struct StoreOptions {
    std::string path;  // directory, made 0700 when missing; the file is 0600
    std::string sync = "full";
    Clock* clock = &system_clock();
    Log* log = nullptr;
    Counters* counters = nullptr;
    int64_t busy_ms = 1500;  // the longest a writer waits for another process's lock before the commit counts as failed
    // How long patient jobs wait for company while no other kind comes: a commit costs as much CPU as ten events
    // (measured).
    int64_t linger_us = 1000;
};

class Store {
  public:
    virtual ~Store() = default;
    virtual Result<std::unique_ptr<Reader>> reader() = 0;  // [any]
    virtual Writer& writer() = 0;                          // [any] one for the store's life
    virtual const std::string& path() const = 0;
    // After writer().stop(): ends the check and closes the file. What is left is memory: a late submit() is refused.
    virtual void close() {}
};

// Opens or makes the store and starts its writer thread. Integrity: a light check at once, a full one (quick_check) on
// a thread of its own; a damaged file is renamed to trotline.db.damaged-<time>, an alarm is logged, what can be read is
// carried over into a new file, and the store goes on. Fault{Code::store} only when even a new file cannot be made
// (then the engine starts without a store and captures go to the spill file or count as dropped). [blocks]
Result<std::unique_ptr<Store>> open_store(const StoreOptions& options);

// Opens for lists only, beside a running host; never creates, never writes. Fault{Code::not_found} when there is no
// store.
Result<std::unique_ptr<Reader>> open_reader(const std::string& path);

}  // namespace trot
