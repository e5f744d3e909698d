// Retention: one small step, so that no commit waits long behind it.
#include <algorithm>

#include "crypto/ids.h"
#include "store/tx.h"

namespace trot {

// Looks at a window of events behind the last step's and collects those that may go.
Result<bool> SqliteTx::prunable(int64_t before_ms, int rows, std::vector<int64_t>& events) {
    Result<void> prepared = ready(prune_look_,
                                  "SELECT number, at_ms FROM events WHERE number > ? AND number <= "
                                  "(SELECT value FROM meta WHERE key = 'cursor') ORDER BY number LIMIT ?");
    if (prepared.ok())
        prepared = ready(prune_pending_,
                         "SELECT 1 FROM deliveries INDEXED BY deliveries_event WHERE event = ? AND state = 0 LIMIT 1");
    if (!prepared.ok()) return prepared.fault();
    const int64_t now_ms = clock_.wall_ms();
    const int64_t window = static_cast<int64_t>(rows) * 4;
    int64_t seen = 0;
    Rows look(prune_look_.bind(1, now_.prune_from).bind(2, window));
    while (events.size() < static_cast<size_t>(rows) && look.next()) {
        const int64_t number = prune_look_.number(0);
        const int64_t at_ms = prune_look_.number(1);
        // Everything behind it is younger still; an event from the future (the clock was wrong) says nothing of the
        // kind.
        if (at_ms >= before_ms && at_ms <= now_ms) return false;
        now_.prune_from = number;
        ++seen;
        if (at_ms >= before_ms) continue;
        Rows pending(prune_pending_.bind(1, number));
        if (!pending.next() && !pending.failed()) events.push_back(number);
        if (pending.failed()) return failed("look for pending deliveries");
    }
    if (look.failed()) return failed("look for old events");
    return seen == window || events.size() == static_cast<size_t>(rows);
}

Result<int> SqliteTx::prune(int64_t before_ms, int rows) {
    if (rows <= 0) return 0;
    std::vector<int64_t> events;
    const Result<bool> more = prunable(before_ms, rows, events);
    if (!more.ok()) return more.fault();
    if (!more.value())
        now_.prune_from = 0;  // the end: the next step begins at the oldest, whose deliveries may be done by then
    if (events.empty()) return 0;
    Result<void> done = ready(prune_mark_,
                              "UPDATE meta SET value = max(value, ifnull((SELECT max(number) FROM deliveries), 0)) "
                              "WHERE key = 'last_delivery'");
    if (done.ok())
        done = ready(prune_attempts_,
                     "DELETE FROM attempts WHERE delivery IN (SELECT number FROM deliveries WHERE event = ?)");
    if (done.ok()) done = ready(prune_deliveries_, "DELETE FROM deliveries WHERE event = ?");
    if (done.ok()) done = ready(prune_event_, "DELETE FROM events WHERE number = ?");
    // The last delivery's number is kept apart: should its row go, a clock set back must not give the number out again.
    if (done.ok()) done = run(prune_mark_, "keep the last delivery's number");
    for (const int64_t number : events) {
        if (done.ok()) done = run(prune_attempts_.bind(1, number), "remove old attempts");
        if (done.ok()) done = run(prune_deliveries_.bind(1, number), "remove old deliveries");
        if (done.ok()) done = run(prune_event_.bind(1, number), "remove an old event");
        if (!done.ok()) return done.fault();
    }
    now_.events -= static_cast<int64_t>(events.size());
    return static_cast<int>(events.size());
}

}  // namespace trot
