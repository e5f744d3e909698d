#include "store/tx.h"

#include <algorithm>

#include "crypto/ids.h"

namespace trot {

void SqliteTx::begin(bool keep_events) {
    now_ = Mark{};
    now_.floor = std::max<int64_t>(id_floor(clock_.wall_ms()), 1);
    now_.prune_from = prune_from_;
    keep_events_ = keep_events;
    added_.clear();
    worst_ = Trouble::none;
}

Fault SqliteTx::failed(std::string_view doing) {
    worst_ = std::max(worst_, trouble(db_.extended()));
    return db_.fault(doing);
}

Result<void> SqliteTx::ready(Stmt& statement, std::string_view sql) {
    if (statement || statement.prepare(db_, sql) == SQLITE_OK) return {};
    // A table that is not there, or not as it should be: not the job's doing.
    worst_ = std::max(worst_, std::max(trouble(db_.extended()), Trouble::store));
    return db_.fault("prepare a statement");
}

Result<void> SqliteTx::run(Stmt& statement, std::string_view doing) {
    if (statement.run() == SQLITE_OK) return {};
    return failed(doing);
}

Result<void> SqliteTx::read_newest(int64_t& last, Stmt& newest, std::string_view sql) {
    if (last >= 0) return {};
    if (Result<void> prepared = ready(newest, sql); !prepared.ok()) return prepared;
    Rows rows(newest);
    if (!rows.next()) return failed("read the last number");
    last = newest.number(0);
    return {};
}

Result<int64_t> SqliteTx::next(int64_t& last, Stmt& newest, std::string_view sql) {
    if (Result<void> read = read_newest(last, newest, sql); !read.ok()) return read.fault();
    last = std::max(last + 1, now_.floor);
    return last;
}

// The cursor takes part: retention may have removed every event, and a clock set back must not give a number below it.
Result<void> SqliteTx::read_newest_event() {
    return read_newest(
        now_.last_event, newest_event_,
        "SELECT max(ifnull((SELECT max(number) FROM events), 0), (SELECT value FROM meta WHERE key = 'cursor'))");
}

Result<void> SqliteTx::add_event(Event& event) {
    if (Result<void> read = read_newest_event(); !read.ok()) return read;
    if (now_.before < 0) now_.before = now_.last_event;
    const int64_t number = std::max(now_.last_event + 1, now_.floor);
    if (Result<void> prepared = ready(insert_event_, "INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
        !prepared.ok())
        return prepared;
    if (event.hydrate) event.flags |= event_owed;
    const std::string_view payload = event.payload ? std::string_view(*event.payload) : std::string_view();
    insert_event_.bind(1, number)
        .bind(2, event.topic)
        .bind(3, event.resource)
        .bind(4, event.resource_id)
        .bind(5, event.action)
        .bind(6, event.hook)
        .bind(7, event.at_ms)
        .bind(8, static_cast<int64_t>(event.flags))
        .bind(9, event.method)
        .bind(10, event.path)
        .bind(11, static_cast<int64_t>(event.status))
        .bind_blob(12, event.capture)
        .bind(13, static_cast<int64_t>(event.item))
        .bind_blob(14, payload);
    if (event.previous)
        insert_event_.bind_blob(15, *event.previous);
    else
        insert_event_.bind_null(15);
    if (event.context)
        insert_event_.bind_blob(16, *event.context);
    else
        insert_event_.bind_null(16);
    if (event.origin)
        insert_event_.bind_blob(17, *event.origin);
    else
        insert_event_.bind_null(17);
    if (Result<void> done = run(insert_event_, "record an event"); !done.ok()) return done;
    event.number = now_.last_event = number;
    if (event.hydrate)
        if (Result<void> done = add_hydration(event); !done.ok()) return done;
    ++now_.events;
    if (keep_events_) added_.push_back(event);
    now_.added = added_.size();
    return {};
}

Result<bool> SqliteTx::has_event(std::string_view capture, uint32_t item, int64_t since_ms) {
    // No index on capture: it would be paid by every insert, and this is asked only after an I/O error.
    if (Result<void> prepared =
            ready(find_capture_, "SELECT 1 FROM events WHERE number >= ? AND capture = ? AND item = ? LIMIT 1");
        !prepared.ok())
        return prepared.fault();
    Rows rows(find_capture_.bind(1, id_floor(since_ms)).bind_blob(2, capture).bind(3, static_cast<int64_t>(item)));
    const bool found = rows.next();
    if (rows.failed()) return failed("look for an event");
    return found;
}

Result<void> SqliteTx::add_delivery(Delivery& delivery) {
    if (Result<void> read = read_newest(now_.last_delivery, newest_delivery_,
                                        "SELECT max(ifnull((SELECT max(number) FROM deliveries), 0), "
                                        "(SELECT value FROM meta WHERE key = 'last_delivery'))");
        !read.ok())
        return read;
    now_.last_delivery = std::max({now_.last_delivery + 1, now_.floor, delivery.event + 1});
    if (Result<void> prepared =
            ready(insert_delivery_, "INSERT INTO deliveries VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
        !prepared.ok())
        return prepared;
    insert_delivery_.bind(1, now_.last_delivery)
        .bind(2, delivery.event)
        .bind(3, delivery.subscription)
        .bind(4, delivery.format)
        .bind(5, static_cast<int64_t>(delivery.state))
        .bind(6, delivery.due_ms)
        .bind(7, static_cast<int64_t>(delivery.attempts))
        .bind(8, static_cast<int64_t>(delivery.last_status))
        .bind(9, delivery.last_error)
        .bind(10, delivery.finished_ms)
        .bind(11, static_cast<int64_t>(delivery.logged))
        .bind(13, delivery.sequence)
        .bind(14, delivery.first_event)
        .bind(15, delivery.opened_ms)
        .bind(16, delivery.batch)
        .bind(17, delivery.shape)
        .bind(18, static_cast<int64_t>(delivery.uncounted))
        .bind(19, static_cast<int64_t>(delivery.deaths))
        .bind(20, delivery.task);
    if (delivery.lane.empty())
        insert_delivery_.bind_null(12);
    else
        insert_delivery_.bind(12, delivery.lane);
    if (Result<void> done = run(insert_delivery_, "make a delivery"); !done.ok()) return done;
    delivery.number = now_.last_delivery;
    return {};
}

Result<int64_t> SqliteTx::cursor() {
    if (Result<void> read = read_newest(now_.cursor, read_cursor_, "SELECT value FROM meta WHERE key = 'cursor'");
        !read.ok())
        return read.fault();
    return now_.cursor;
}

Result<void> SqliteTx::set_cursor(int64_t event) {
    now_.cursor = event;
    now_.cursor_set = true;
    return {};
}

Result<bool> SqliteTx::caught_up() {
    const Result<int64_t> expanded = cursor();
    if (!expanded) return expanded.fault();
    return expanded.value() == now_.before;
}

Result<void> SqliteTx::finish(const Outcome& outcome) {
    if (outcome.unsent) return finish_unsent(outcome);
    if (outcome.batch) return finish_batch(outcome);
    Result<void> prepared =
        ready(finish_delivery_,
              "UPDATE deliveries SET state = CASE WHEN state = 3 AND ?1 = 0 THEN 3 ELSE ?1 END, due_ms = ?2, "
              "attempts = ?3, last_status = ?4, last_error = ?5, finished_ms = CASE WHEN state = 3 AND ?1 = 0 THEN "
              "finished_ms ELSE ?6 END, deaths = 0 WHERE number = ?7");
    // One that was cancelled while it was on the wire is not tried again. Who had it in hand has survived it.
    // An outcome that is written again after an unknown commit is there already. (OR REPLACE would cost a statement
    // journal each time.)
    if (prepared.ok()) prepared = ready(insert_attempt_, "INSERT OR IGNORE INTO attempts VALUES (?,?,?,?,?,?,?,?)");
    if (!prepared.ok()) return prepared;
    const Attempt& attempt = outcome.attempt;
    const bool pending = outcome.state == DeliveryState::pending;
    finish_delivery_.bind(1, static_cast<int64_t>(outcome.state))
        .bind(2, outcome.due_ms)
        .bind(3, static_cast<int64_t>(attempt.number))
        .bind(4, static_cast<int64_t>(attempt.status))
        .bind(5, attempt.error)
        .bind(6, pending ? 0 : attempt.at_ms + attempt.duration_ms)
        .bind(7, attempt.delivery);
    if (Result<void> done = run(finish_delivery_, "note a delivery's outcome"); !done.ok()) return done;
    // The delivery is gone (lost in a damaged file): there is nothing to keep the attempt for.
    if (sqlite3_changes(db_.handle()) == 0) return {};
    insert_attempt_.bind(1, attempt.delivery)
        .bind(2, static_cast<int64_t>(attempt.number))
        .bind(3, attempt.at_ms)
        .bind(4, attempt.duration_ms)
        .bind(5, static_cast<int64_t>(attempt.status))
        .bind(6, attempt.error)
        .bind_blob(7, attempt.answer);
    if (attempt.head.empty())
        insert_attempt_.bind_null(8);
    else
        insert_attempt_.bind_blob(8, attempt.head);
    return run(insert_attempt_, "note an attempt");
}

Result<void> SqliteTx::before_commit() {
    if (now_.cursor_set) {
        Result<void> set = ready(cursor_, "UPDATE meta SET value = ? WHERE key = 'cursor'");
        if (set.ok()) set = run(cursor_.bind(1, now_.cursor), "set the cursor");
        if (!set.ok()) return set;
    }
    if (now_.snapshot_bytes != 0) {
        Result<void> set =
            ready(count_snapshots_, "UPDATE meta SET value = max(0, value + ?) WHERE key = 'snapshot_bytes'");
        if (set.ok()) set = run(count_snapshots_.bind(1, now_.snapshot_bytes), "count the snapshots");
        if (!set.ok()) return set;
    }
    if (now_.events == 0) return {};
    if (Result<void> prepared = ready(count_, "UPDATE meta SET value = value + ? WHERE key = 'events'"); !prepared.ok())
        return prepared;
    return run(count_.bind(1, now_.events), "count the events");
}

}  // namespace trot
