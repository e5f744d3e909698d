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
#include "store/lanes.h"
#include "store/managed.h"
#include "store/values.h"

namespace trot {

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
    virtual Result<void> finish(const Outcome& outcome) = 0;  // delivery row and attempt row; of a batch all of them
    virtual Lanes& lanes() = 0;                               // deliveries that wait for each other
    // The number of the row that holds this spec, made when there is none; 0 for "". Rows never change.
    virtual Result<int64_t> shape(std::string_view spec) = 0;
    virtual Result<void> set_shape(int64_t delivery, int64_t shape) = 0;
    // Inserts or updates by (origin, name); keeps number, state, failures, failing_ms and created_ms of a known one.
    // Sets number and state.
    virtual Result<void> put_subscription(SubscriptionRow& row) = 0;
    virtual Result<void> set_subscription(int64_t number, SubscriptionState state, std::string_view reason,
                                          unsigned failures, int64_t failing_ms) = 0;
    // The same, but only when it still has that state and reason: somebody else may have changed it. A managed one must
    // be as it was last changed through its API besides (changed_ms).
    struct Known {
        SubscriptionState state = SubscriptionState::active;
        std::string reason;
        int64_t changed_ms = 0;  // 0: of a file
    };
    virtual Result<void> move_subscription(int64_t number, const Known& from, SubscriptionState state,
                                           std::string_view reason, unsigned failures, int64_t failing_ms) = 0;
    // An operator's word about one of a file or of an API that is as `from` says (changed_ms does not count;
    // Code::refused: it is not any more): paused for `reason`, or active with its failures forgotten. What came while
    // it got no deliveries is not its. The leader looks at it again.
    virtual Result<void> steer_subscription(int64_t number, const Known& from, SubscriptionState state,
                                            std::string_view reason) = 0;
    // Every file subscription whose name is not in `names` becomes `removed`; its pending deliveries wait for its
    // return.
    virtual Result<void> keep_subscriptions(const std::vector<std::string>& names) = 0;
    // Managed subscriptions. Each change gives them a new generation, which the leader notices before it expands
    // another event. add: sets row.number, row.since, times, and row.name where it is empty: the API's next integer.
    // change: by row.number, all but origin, name and created_ms; one that becomes active gets only events from then
    // on. remove: its pending deliveries are cancelled by and by.
    virtual Result<int64_t> generation() = 0;
    virtual Result<void> add_managed(ManagedRow& managed) = 0;
    virtual Result<void> change_managed(ManagedRow& managed) = 0;
    virtual Result<void> remove_managed(int64_t number) = 0;
    // The leader is to look at a subscription's deliveries again, also at a file's: some were made for it alone, or are
    // due anew.
    virtual Result<void> touch_subscription(int64_t number) = 0;
    // Cancels unfinished deliveries of a removed subscription, at most `most`; how many it were. When none is left it
    // is not told by managed_after() any more.
    virtual Result<int> cancel_deliveries(int64_t subscription, int most) = 0;
    // A delivery is due now, whatever became of it; a finished one is pending again, but goes by itself: outside of its
    // lane and of the batch that it went with. It keeps its count of attempts; the one that comes is not counted by the
    // schedule. One that waits in its lane goes on waiting.
    virtual Result<void> redeliver(int64_t delivery) = 0;
    // The same, behind what is due already, if it is in that state still. Was it?
    virtual Result<bool> redeliver(int64_t delivery, DeliveryState state) = 0;
    virtual Result<bool> cancel_delivery(int64_t delivery) = 0;  // if it has not ended. Had it not?
    virtual Result<bool> has_delivery(int64_t event, int64_t subscription) = 0;
    // Tasks. add: sets number and created_ms; until_event where it is 0: what there is now.
    virtual Result<void> add_task(TaskRow& task) = 0;
    // A step's first write. False: it has been cancelled, or stands elsewhere; then nothing is to be written.
    virtual Result<bool> move_task(int64_t number, int64_t from, int64_t to) = 0;
    virtual Result<void> count_task(int64_t number, int64_t made) = 0;
    virtual Result<bool> end_task(int64_t number) = 0;  // was it there?
    // What the process of that reign had in hand when it died; once for a reign. Fills in the deaths. The third makes a
    // delivery dead, and an event quarantined.
    virtual Result<void> count_deaths(int64_t reign, std::vector<InHand>& notes) = 0;
    // The first use of a name that is remembered until then? (OAuth's nonces.)
    virtual Result<bool> take_nonce(std::string_view name, int64_t until_ms) = 0;
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
    // in several steps). Events with a dead delivery stay while they are younger than `dead_before_ms`, and those that
    // a task of the last `before_ms` has not come to stay until it has.
    virtual Result<Pruned> prune(int64_t before_ms, int64_t dead_before_ms, int rows, int events) = 0;
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

// A connection of its own for reading; one thread at a time. Sees what was committed when each call starts.
class Reader {
  public:
    virtual ~Reader() = default;
    virtual Result<int64_t> cursor() = 0;
    // With payload, oldest first; ends early when `max_bytes` of payload are reached (but gives at least one).
    virtual Result<std::vector<Event>> events_after(int64_t number, size_t limit, size_t max_bytes = 8U << 20) = 0;
    virtual Result<Event> event(int64_t number) = 0;
    virtual Result<int64_t> newest_event() = 0;             // 0: there is none
    virtual Result<Delivery> delivery(int64_t number) = 0;  // Code::not_found
    virtual Result<std::string> shape(int64_t number) = 0;  // the spec of that row; Code::not_found
    // Pending deliveries of a subscription due at or before `until_ms`, after position (due, number), in that order.
    virtual Result<std::vector<Delivery>> due(int64_t subscription, int64_t until_ms, int64_t after_due_ms,
                                              int64_t after_number, size_t limit) = 0;
    // When the next pending delivery of a subscription is due; -1 when there is none.
    virtual Result<int64_t> next_due(int64_t subscription) = 0;
    // Subscriptions with deliveries that gather.
    virtual Result<std::vector<GatheringRow>> gathering() = 0;
    virtual Result<std::vector<Delivery>> members(int64_t batch) = 0;  // in their order, whatever became of them
    // Lanes whose first unfinished one is queued, which only a repair of the store can leave; of those behind `after`,
    // which is set to the last one that was looked at, at most `most`; without a name: it was the last of all.
    virtual Result<std::vector<Lane>> stranded(Lane& after, int most) = 0;
    virtual Result<std::vector<SubscriptionRow>> subscriptions() = 0;  // of files
    virtual Result<SubscriptionRow> subscription(int64_t number) = 0;  // whoever made it; Code::not_found
    virtual Result<int64_t> generation() = 0;                          // of the managed ones
    // Managed ones, removed ones among them, that changed after that generation, and those of files that an operator
    // has steered since, in the order of their numbers.
    virtual Result<std::vector<SubscriptionRow>> managed_after(int64_t generation) = 0;
    virtual Result<ManagedRow> managed(int64_t number) = 0;  // Code::not_found
    virtual Result<ManagedRow> managed(const std::string& api, const std::string& id) = 0;
    virtual Result<ManagedPage> list_managed(const ManagedQuery& query) = 0;
    virtual Result<CallPage> list_calls(const CallQuery& query) = 0;
    virtual Result<EventPage> list_event_page(const EventQuery& query) = 0;
    // Subscriptions that have pending deliveries.
    virtual Result<std::vector<int64_t>> waiting_subscriptions() = 0;
    // Orders of events behind that number, oldest first.
    virtual Result<std::vector<HydrationRow>> hydrations(int64_t after_event, size_t limit) = 0;
    virtual Result<std::vector<Event>> list_events(const Filter& filter) = 0;  // without payload
    virtual Result<std::vector<DeliveryLine>> list_deliveries(const Filter& filter) = 0;
    virtual Result<std::vector<Attempt>> list_attempts(const Filter& filter) = 0;
    virtual Result<std::vector<SubscriptionLine>> list_subscriptions() = 0;
    virtual Result<std::vector<TaskRow>> tasks() = 0;  // in the order they were asked for
    // Those after `after` that a task means (subscription 0: of any). At most `window` are looked at; `to` becomes the
    // last that was, or `until`.
    virtual Result<std::vector<Delivery>> pick_deliveries(const TaskFilter& filter, int64_t subscription, int64_t after,
                                                          int64_t until, size_t window, int64_t& to) = 0;
    virtual Result<uint64_t> pending(int64_t subscription, uint64_t most) = 0;  // how many; it counts no further
    virtual Result<std::string> subscription_label(int64_t number) = 0;  // its name for people; "": there is none
    virtual Result<int64_t> subscription_number(const std::string& label) = 0;  // Code::not_found
    virtual Result<StoreStatus> status() = 0;
    virtual Result<SubscriptionFigures> subscription_figures() = 0;  // as cheap as their number
    // Dead letters, and how many of them have ended after that. Looks at each.
    virtual Result<DeadFigures> dead_figures(int64_t since_ms) = 0;
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
