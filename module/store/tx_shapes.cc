// Shapes: how a delivery's payload is made from its event's, as text that the store does not look into. There are as
// many rows as configurations ever had, so the statements are made when needed.
#include "store/tx.h"

namespace trot {

Result<int64_t> SqliteTx::shape(std::string_view spec) {
    if (spec.empty()) return int64_t{0};
    Stmt find;
    Stmt add;
    Result<void> done = ready(find, "SELECT number FROM shapes WHERE spec = ?");
    if (done.ok()) done = ready(add, "INSERT INTO shapes (spec) VALUES (?)");
    if (!done.ok()) return done.fault();
    {
        Rows rows(find.bind(1, spec));
        if (rows.next()) return find.number(0);
        if (rows.failed()) return failed("look for a shape");
    }
    if (done = run(add.bind(1, spec), "keep a shape"); !done.ok()) return done.fault();
    return static_cast<int64_t>(sqlite3_last_insert_rowid(db_.handle()));
}

Result<void> SqliteTx::set_shape(int64_t delivery, int64_t shape) {
    Stmt set;
    if (Result<void> prepared = ready(set, "UPDATE deliveries SET shape = ? WHERE number = ?"); !prepared.ok())
        return prepared;
    return run(set.bind(1, shape).bind(2, delivery), "give a delivery its shape");
}

// A delivery that ends, or is put off, without an attempt.
Result<void> SqliteTx::finish_unsent(const Outcome& outcome) {
    Stmt& finish = outcome.batch ? finish_unsent_batch_ : finish_unsent_;
    const std::string whose = outcome.batch ? "batch = ?6 AND batch > 0 AND finished_ms = 0" : "number = ?6";
    Result<void> prepared =
        ready(finish,
              "UPDATE deliveries SET state = CASE WHEN state = 3 AND ?1 = 0 THEN 3 ELSE ?1 END, due_ms = ?2, "
              "last_error = ?3, finished_ms = CASE WHEN state = 3 AND ?1 = 0 THEN finished_ms ELSE ?4 END, deaths = 0, "
              "shape = CASE WHEN ?5 AND shape > 0 AND attempts = 0 THEN -1 ELSE shape END WHERE " +
                  whose);
    if (!prepared.ok()) return prepared;
    finish.bind(1, static_cast<int64_t>(outcome.state))
        .bind(2, outcome.due_ms)
        .bind(3, outcome.attempt.error)
        .bind(4, outcome.state == DeliveryState::pending ? 0 : outcome.attempt.at_ms)
        .bind(5, static_cast<int64_t>(outcome.reshape))
        .bind(6, outcome.attempt.delivery);
    return run(finish, "note why a delivery was not sent");
}

}  // namespace trot
