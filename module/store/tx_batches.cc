// What became of deliveries that went in one request: all of them in two statements, so that no crash can part them.
#include "store/tx.h"

namespace trot {

Result<void> SqliteTx::finish_batch(const Outcome& outcome) {
    Result<void> prepared =
        ready(finish_batch_,
              "UPDATE deliveries SET state = ?, due_ms = ?, attempts = ?, last_status = ?, last_error = ?, "
              "finished_ms = ? WHERE batch = ? AND batch > 0 AND finished_ms = 0");
    // Each has the attempt in its own list. The answer stands with the first one.
    if (prepared.ok())
        prepared = ready(insert_attempts_,
                         "INSERT OR IGNORE INTO attempts SELECT number, ?2, ?3, ?4, ?5, ?6, CASE WHEN number = ?1 THEN "
                         "?7 ELSE x'' END, CASE WHEN number = ?1 AND length(?8) > 0 THEN ?8 END FROM deliveries WHERE "
                         "batch = ?1 AND batch > 0");
    if (!prepared.ok()) return prepared;
    const Attempt& attempt = outcome.attempt;
    const bool pending = outcome.state == DeliveryState::pending;
    finish_batch_.bind(1, static_cast<int64_t>(outcome.state))
        .bind(2, outcome.due_ms)
        .bind(3, static_cast<int64_t>(attempt.number))
        .bind(4, static_cast<int64_t>(attempt.status))
        .bind(5, attempt.error)
        .bind(6, pending ? 0 : attempt.at_ms + attempt.duration_ms)
        .bind(7, attempt.delivery);
    if (Result<void> done = run(finish_batch_, "note a batch's outcome"); !done.ok()) return done;
    insert_attempts_.bind(1, attempt.delivery)
        .bind(2, static_cast<int64_t>(attempt.number))
        .bind(3, attempt.at_ms)
        .bind(4, attempt.duration_ms)
        .bind(5, static_cast<int64_t>(attempt.status))
        .bind(6, attempt.error)
        .bind_blob(7, attempt.answer)
        .bind_blob(8, attempt.head);
    return run(insert_attempts_, "note a batch's attempt");
}

}  // namespace trot
