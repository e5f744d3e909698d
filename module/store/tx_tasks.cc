// What operators ask for: deliveries once more or never, and the rows of tasks that need many steps for it.
#include "store/tx.h"

namespace trot {
namespace {

// One that has ended goes out of its lane and its batch: the others have gone meanwhile. One that is pending stays in
// them (what is still to go in one request is due together). The attempt that comes is not the schedule's, unless one
// was due already (then that is the one). One that waits for others (4, 5) has its turn to come.
constexpr const char* sql_redeliver =
    "UPDATE deliveries SET state = 0, lane = CASE WHEN finished_ms > 0 THEN NULL ELSE lane END, "
    "batch = CASE WHEN finished_ms > 0 THEN 0 ELSE batch END, finished_ms = 0, deaths = 0, "
    "uncounted = ifnull(uncounted, 0) + (state <> 0 OR due_ms > ?2), due_ms = ?3 "
    "WHERE number = ?1 AND state IN (0, 1, 2, 3) AND (?4 < 0 OR state = ?4)";

constexpr const char* sql_redeliver_mates =
    "UPDATE deliveries SET (uncounted, due_ms) = (SELECT uncounted, due_ms FROM deliveries WHERE number = ?1) "
    "WHERE batch > 0 AND finished_ms = 0 AND batch = (SELECT batch FROM deliveries WHERE number = ?1)";

}  // namespace

Result<void> SqliteTx::redeliver_mates(int64_t delivery) {
    if (Result<void> prepared = ready(redeliver_mates_, sql_redeliver_mates); !prepared.ok()) return prepared;
    return run(redeliver_mates_.bind(1, delivery), "send a batch again");
}

Result<void> SqliteTx::redeliver(int64_t delivery) {
    if (Result<void> prepared = ready(redeliver_, sql_redeliver); !prepared.ok()) return prepared;
    redeliver_.bind(1, delivery).bind(2, clock_.wall_ms()).bind(3, int64_t{0}).bind(4, int64_t{-1});
    if (Result<void> done = run(redeliver_, "send a delivery again"); !done.ok()) return done;
    if (sqlite3_changes(db_.handle()) == 0)
        return Fault{Code::not_found, "there is no such delivery any more, or it waits for its turn still"};
    return redeliver_mates(delivery);
}

Result<bool> SqliteTx::redeliver(int64_t delivery, DeliveryState state) {
    if (Result<void> prepared = ready(redeliver_, sql_redeliver); !prepared.ok()) return prepared.fault();
    const int64_t now_ms = clock_.wall_ms();
    redeliver_.bind(1, delivery).bind(2, now_ms).bind(3, now_ms).bind(4, static_cast<int64_t>(state));
    if (Result<void> done = run(redeliver_, "send a delivery again"); !done.ok()) return done.fault();
    if (sqlite3_changes(db_.handle()) == 0) return false;
    if (Result<void> done = redeliver_mates(delivery); !done.ok()) return done.fault();
    return true;
}

Result<bool> SqliteTx::cancel_delivery(int64_t delivery) {
    // What goes in one request ends together: without one of its members it would be another request.
    Result<void> done = ready(cancel_mates_,
                              "UPDATE deliveries SET state = 3, finished_ms = ?2, last_error = CASE WHEN attempts = 0 "
                              "THEN 'cancelled' ELSE last_error END WHERE batch > 0 AND finished_ms = 0 AND number <> "
                              "?1 AND batch = (SELECT batch FROM deliveries WHERE number = ?1)");
    if (done.ok())
        done = run(cancel_mates_.bind(1, delivery).bind(2, clock_.wall_ms()), "cancel what goes with a delivery");
    if (done.ok())
        done = ready(cancel_one_,
                     "UPDATE deliveries SET state = 3, finished_ms = ?2, last_error = CASE WHEN attempts = 0 "
                     "THEN 'cancelled' ELSE last_error END WHERE number = ?1 AND state IN (0, 4, 5)");
    if (done.ok()) done = run(cancel_one_.bind(1, delivery).bind(2, clock_.wall_ms()), "cancel a delivery");
    if (!done.ok()) return done.fault();
    return sqlite3_changes(db_.handle()) > 0;
}

Result<bool> SqliteTx::has_delivery(int64_t event, int64_t subscription) {
    if (Result<void> prepared = ready(has_delivery_,
                                      "SELECT 1 FROM deliveries INDEXED BY deliveries_event WHERE event = ? AND "
                                      "subscription = ? LIMIT 1");
        !prepared.ok())
        return prepared.fault();
    Rows rows(has_delivery_.bind(1, event).bind(2, subscription));
    const bool found = rows.next();
    if (rows.failed()) return failed("look for a delivery");
    return found;
}

Result<void> SqliteTx::add_task(TaskRow& task) {
    if (Result<void> read = read_newest_event(); !read.ok()) return read;
    Stmt newest;
    Result<void> done =
        ready(newest,
              "SELECT max(ifnull((SELECT max(number) FROM deliveries), 0), (SELECT value FROM meta WHERE "
              "key = 'last_delivery')), ifnull((SELECT max(number) FROM tasks), 0), (SELECT ifnull(max("
              "value), 0) FROM meta WHERE key = 'last_task')");
    if (!done.ok()) return done;
    {
        Rows rows(newest);
        if (!rows.next()) return failed("read the last task");
        const bool of_deliveries = task.kind == "redeliver" || task.kind == "cancel";
        if (task.until_event == 0) task.until_event = of_deliveries ? newest.number(0) : now_.last_event;
        task.number = 0;
        if (task.until_event <= task.at_event) return {};
        task.number = std::max(newest.number(1), newest.number(2)) + 1;
    }
    task.created_ms = clock_.wall_ms();
    Stmt count;
    Stmt put;
    done = ready(count, "INSERT OR REPLACE INTO meta VALUES ('last_task', ?)");
    if (done.ok()) done = ready(put, "INSERT INTO tasks VALUES (?,?,?,?,?,?,?,?)");
    if (done.ok()) done = run(count.bind(1, task.number), "count a task");
    if (!done.ok()) return done;
    put.bind(1, task.number)
        .bind(2, task.kind)
        .bind(3, task.subscription)
        .bind(4, task.filter)
        .bind(5, task.at_event)
        .bind(6, task.until_event)
        .bind(7, task.made)
        .bind(8, task.created_ms);
    return run(put, "write a task");
}

Result<bool> SqliteTx::move_task(int64_t number, int64_t from, int64_t to) {
    Stmt move;
    Result<void> done = ready(move, "UPDATE tasks SET at_event = ?3 WHERE number = ?1 AND at_event = ?2");
    if (done.ok()) done = run(move.bind(1, number).bind(2, from).bind(3, to), "note where a task stands");
    if (!done.ok()) return done.fault();
    return sqlite3_changes(db_.handle()) > 0;
}

Result<void> SqliteTx::count_task(int64_t number, int64_t made) {
    Stmt count;
    if (Result<void> prepared = ready(count, "UPDATE tasks SET made = made + ?2 WHERE number = ?1"); !prepared.ok())
        return prepared;
    return run(count.bind(1, number).bind(2, made), "note what a task has done");
}

Result<bool> SqliteTx::end_task(int64_t number) {
    Stmt end;
    Result<void> done = ready(end, "DELETE FROM tasks WHERE number = ?");
    if (done.ok()) done = run(end.bind(1, number), "end a task");
    if (!done.ok()) return done.fault();
    return sqlite3_changes(db_.handle()) > 0;
}

}  // namespace trot
