// Hydrations: the orders to ask the upstream for an event's payload. A row lives from the event's own transaction until
// the one that fixes its payload.
#include "store/tx.h"

namespace trot {
namespace {

constexpr int64_t owed = event_owed;
// What these say is about the payload that goes.
constexpr int64_t of_old_payload = event_partial_answer | event_truncated | event_opaque;

}  // namespace

Result<void> SqliteTx::add_hydration(const Event& event) {
    if (Result<void> prepared = ready(insert_hydration_, "INSERT INTO hydrations VALUES (?,?,?,0,0)"); !prepared.ok())
        return prepared;
    insert_hydration_.bind(1, event.number).bind(2, event.hydrate->target).bind(3, event.hydrate->pointer);
    return run(insert_hydration_, "note what to ask the upstream for an event");
}

Result<void> SqliteTx::settle_hydration(int64_t event, const std::string* payload) {
    Result<void> done = ready(drop_hydration_, "DELETE FROM hydrations WHERE event = ?");
    // The flag, not the row, says whether the payload may still change: a row may be lost, a write may come twice.
    if (done.ok())
        done = ready(hydrate_event_,
                     "UPDATE events SET payload = ?, flags = (flags & ~?) | ? WHERE number = ? AND flags & ? <> 0");
    if (done.ok())
        done =
            ready(unhydrate_event_, "UPDATE events SET flags = (flags & ~?) | ? WHERE number = ? AND flags & ? <> 0");
    if (done.ok()) done = run(drop_hydration_.bind(1, event), "end what is owed to an event");
    if (!done.ok()) return done;
    if (payload == nullptr) {
        unhydrate_event_.bind(1, owed).bind(2, static_cast<int64_t>(event_unhydrated)).bind(3, event).bind(4, owed);
        return run(unhydrate_event_, "let an event go as it was recorded");
    }
    hydrate_event_.bind_blob(1, *payload)
        .bind(2, owed | of_old_payload)
        .bind(3, static_cast<int64_t>(event_hydrated))
        .bind(4, event)
        .bind(5, owed);
    return run(hydrate_event_, "give an event its payload");
}

Result<void> SqliteTx::postpone_hydration(int64_t event, unsigned tries, int64_t due_ms) {
    Stmt postpone;  // seldom: after a try that failed
    if (Result<void> prepared = ready(postpone, "UPDATE hydrations SET tries = ?, due_ms = ? WHERE event = ?");
        !prepared.ok())
        return prepared;
    return run(postpone.bind(1, static_cast<int64_t>(tries)).bind(2, due_ms).bind(3, event),
               "postpone what is owed to an event");
}

}  // namespace trot
