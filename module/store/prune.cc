// Retention: one small step, so that no commit waits long behind it. What it costs is counted in rows, not in events:
// one event may have ten thousand deliveries.
#include <algorithm>

#include "crypto/ids.h"
#include "store/tx.h"

namespace trot {
// Looks at a window of events behind the last step's and collects those that may go.
Result<bool> SqliteTx::prunable(int64_t before_ms, int64_t dead_before_ms, int most, std::vector<int64_t>& events) {
    Result<void> prepared = ready(prune_look_,
                                  "SELECT number, at_ms, flags FROM events WHERE number > ? AND number <= "
                                  "min((SELECT value FROM meta WHERE key = 'cursor'), ifnull((SELECT min(at_event) "
                                  "FROM tasks WHERE kind IN ('backfill', 'replay') AND created_ms > ?), "
                                  "9223372036854775807)) ORDER BY number LIMIT ?");
    if (prepared.ok())
        prepared = ready(prune_pending_,
                         "SELECT 1 FROM deliveries INDEXED BY deliveries_event WHERE event = ? AND (state IN (0, 4, 5) "
                         "OR (state = 2 AND ?)) LIMIT 1");
    // The `previous` of the first of several changes goes out with the last one, as long as that is there.
    if (prepared.ok())
        prepared = ready(prune_first_,
                         "SELECT 1 FROM deliveries INDEXED BY deliveries_first WHERE first_event = ? AND first_event > "
                         "0 AND event <> first_event LIMIT 1");
    if (!prepared.ok()) return prepared.fault();
    const int64_t now_ms = clock_.wall_ms();
    const int64_t window = static_cast<int64_t>(most) * 4;
    int64_t seen = 0;
    Rows look(prune_look_.bind(1, now_.prune_from).bind(2, before_ms).bind(3, window));
    while (events.size() < static_cast<size_t>(most) && look.next()) {
        const int64_t number = prune_look_.number(0);
        const int64_t at_ms = prune_look_.number(1);
        // Everything behind it is younger still; an event from the future (the clock was wrong) says nothing of the
        // kind.
        if (at_ms >= before_ms && at_ms <= now_ms) return false;
        now_.prune_from = number;
        ++seen;
        if (at_ms >= before_ms || (prune_look_.number(2) & event_owed) != 0) continue;
        Rows pending(prune_pending_.bind(1, number).bind(2, static_cast<int64_t>(at_ms >= dead_before_ms)));
        Rows first(prune_first_.bind(1, number));
        if (!pending.next() && !pending.failed() && !first.next() && !first.failed()) events.push_back(number);
        if (pending.failed() || first.failed()) return failed("look for pending deliveries");
    }
    if (look.failed()) return failed("look for old events");
    return seen == window || events.size() == static_cast<size_t>(most);
}

Result<void> SqliteTx::prune_ready() {
    Result<void> done = ready(prune_mark_,
                              "UPDATE meta SET value = max(value, ifnull((SELECT max(number) FROM deliveries), 0)) "
                              "WHERE key = 'last_delivery'");
    if (done.ok())
        done = ready(prune_find_,
                     "SELECT number FROM deliveries INDEXED BY deliveries_event WHERE event = ? ORDER BY number "
                     "LIMIT ?");
    if (done.ok()) done = ready(prune_attempts_, "DELETE FROM attempts WHERE delivery = ?");
    if (done.ok()) done = ready(prune_delivery_, "DELETE FROM deliveries WHERE number = ?");
    if (done.ok()) done = ready(prune_event_, "DELETE FROM events WHERE number = ?");
    return done;
}

// True when none is left. `rows` counts down.
Result<bool> SqliteTx::prune_deliveries(int64_t event, int& rows) {
    std::vector<int64_t> found;
    {
        Rows look(prune_find_.bind(1, event).bind(2, static_cast<int64_t>(rows)));
        while (look.next()) found.push_back(prune_find_.number(0));
        if (look.failed()) return failed("look for old deliveries");
    }
    const bool all = found.size() < static_cast<size_t>(rows);
    for (const int64_t number : found) {
        if (rows <= 0) return false;
        Result<void> done = run(prune_attempts_.bind(1, number), "remove old attempts");
        rows -= sqlite3_changes(db_.handle());
        if (done.ok()) done = run(prune_delivery_.bind(1, number), "remove an old delivery");
        if (!done.ok()) return done.fault();
        --rows;
    }
    return all;
}

Result<Pruned> SqliteTx::prune(int64_t before_ms, int64_t dead_before_ms, int rows, int events) {
    Pruned pruned;
    const int most = std::min(rows, events);
    if (most <= 0) return pruned;
    std::vector<int64_t> found;
    const Result<bool> more = prunable(before_ms, dead_before_ms, most, found);
    if (!more.ok()) return more.fault();
    if (!more.value())
        now_.prune_from = 0;  // the end: the next step begins at the oldest, whose deliveries may be done by then
    if (found.empty()) return pruned;
    Result<void> done = prune_ready();
    // The last delivery's number is kept apart: should its row go, a clock set back must not give the number out again.
    if (done.ok()) done = run(prune_mark_, "keep the last delivery's number");
    if (!done.ok()) return done.fault();
    int left = rows;
    for (const int64_t number : found) {
        const Result<bool> bare = prune_deliveries(number, left);
        if (!bare.ok()) return bare.fault();
        if (!bare.value() || left <= 0) {
            now_.prune_from = number - 1;  // the next step goes on with it
            break;
        }
        if (done = run(prune_event_.bind(1, number), "remove an old event"); !done.ok()) return done.fault();
        --left;
        ++pruned.events;
    }
    pruned.rows = rows - left;
    now_.events -= pruned.events;
    return pruned;
}

}  // namespace trot
