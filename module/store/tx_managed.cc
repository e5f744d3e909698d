// The writes of management APIs: seldom, so their statements are made when needed.
#include <algorithm>

#include "store/rows.h"
#include "store/tx.h"

namespace trot {
namespace {

constexpr std::string_view api_prefix = "api:";
constexpr std::string_view gone_prefix = "gone:";

}  // namespace

Result<int64_t> SqliteTx::generation() {
    if (Result<void> read =
            read_newest(now_.generation, read_generation_, "SELECT value FROM meta WHERE key = 'generation'");
        !read.ok())
        return read.fault();
    return now_.generation;
}

Result<int64_t> SqliteTx::next_generation() {
    Result<int64_t> before = generation();
    if (!before) return before;
    Stmt set;
    if (Result<void> prepared = ready(set, "UPDATE meta SET value = ? WHERE key = 'generation'"); !prepared.ok())
        return prepared.fault();
    if (Result<void> done = run(set.bind(1, before.value() + 1), "count a change of subscriptions"); !done.ok())
        return done.fault();
    now_.generation = before.value() + 1;
    return now_.generation;
}

// The API's next integer: never given twice, also when its subscription has gone.
Result<std::string> SqliteTx::next_name(const std::string& origin) {
    const std::string key = "ids:" + origin.substr(api_prefix.size());
    Stmt count;
    if (Result<void> prepared = ready(count,
                                      "INSERT INTO meta (key, value) VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET "
                                      "value = value + 1 RETURNING value");
        !prepared.ok())
        return prepared.fault();
    Rows rows(count.bind(1, key));
    if (!rows.next()) return failed("give out an id");
    std::string name = std::to_string(count.number(0));
    while (rows.next()) continue;
    if (rows.failed()) return failed("give out an id");
    return name;
}

Result<void> SqliteTx::write_managed(const ManagedRow& managed) {
    Stmt put;
    Stmt keep;
    Result<void> prepared = ready(put, "INSERT OR REPLACE INTO subscriptions VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    if (prepared.ok()) prepared = ready(keep, "INSERT OR REPLACE INTO managed VALUES (?,?,?,?)");
    if (!prepared.ok()) return prepared;
    const SubscriptionRow& row = managed.row;
    bind_subscription(put, row)
        .bind(12, row.filter)
        .bind(13, row.since)
        .bind(14, row.generation)
        .bind(15, row.failing_ms);
    if (Result<void> done = run(put, "write a subscription"); !done.ok()) return done;
    keep.bind(1, row.number).bind(2, managed.title).bind_blob(3, managed.document).bind_blob(4, managed.settings);
    return run(keep, "write a subscription's settings");
}

Result<void> SqliteTx::add_managed(ManagedRow& managed) {
    SubscriptionRow& row = managed.row;
    if (row.origin.substr(0, api_prefix.size()) != api_prefix)
        return Fault{Code::usage, "a managed subscription's origin is \"api:\" and the name of its API"};
    const Result<int64_t> generation = next_generation();
    if (!generation) return generation.fault();
    const Result<int64_t> number =
        next(now_.last_subscription, newest_subscription_, "SELECT ifnull((SELECT max(number) FROM subscriptions), 0)");
    if (!number) return number.fault();
    if (Result<void> read = read_newest_event(); !read.ok()) return read;
    if (row.name.empty()) {
        Result<std::string> name = next_name(row.origin);
        if (!name) return name.fault();
        row.name = std::move(name).value();
    }
    row.number = number.value();
    row.generation = generation.value();
    row.since = now_.last_event;
    row.created_ms = row.changed_ms = clock_.wall_ms();
    return write_managed(managed);
}

Result<void> SqliteTx::change_managed(ManagedRow& managed) {
    Stmt find;
    if (Result<void> prepared =
            ready(find, std::string("SELECT ") + subscription_columns + " FROM subscriptions WHERE number = ?");
        !prepared.ok())
        return prepared;
    SubscriptionRow known;
    {
        Rows rows(find.bind(1, managed.row.number));
        if (rows.next()) known = read_subscription(find);
        if (rows.failed()) return failed("look for a subscription");
    }
    if (known.origin.substr(0, api_prefix.size()) != api_prefix || known.state == SubscriptionState::removed)
        return Fault{Code::not_found, "the subscription has been removed meanwhile"};
    const Result<int64_t> generation = next_generation();
    if (!generation) return generation.fault();
    SubscriptionRow& row = managed.row;
    row.origin = known.origin;
    row.name = known.name;
    row.since = known.since;
    // What happened while it rested is not its: some of it may not be expanded yet.
    if (known.state != SubscriptionState::active && row.state == SubscriptionState::active) {
        if (Result<void> read = read_newest_event(); !read.ok()) return read;
        row.since = now_.last_event;
    }
    // A new chance for a new URL, and for one that somebody made active again.
    if (known.url != row.url || known.state != row.state) row.failing_ms = 0;
    row.created_ms = known.created_ms;
    row.changed_ms = std::max(clock_.wall_ms(), known.changed_ms + 1);  // each change is told from the one before
    row.generation = generation.value();
    return write_managed(managed);
}

Result<void> SqliteTx::remove_managed(int64_t number) {
    const Result<int64_t> generation = next_generation();
    if (!generation) return generation.fault();
    Stmt mark;
    Stmt drop;
    // An id may come again where the system lets its clients choose it: the number tells those that are gone apart.
    Result<void> prepared =
        ready(mark,
              "UPDATE subscriptions SET state = 3, reason = 'removed through its API', origin = ?2 || "
              "substr(origin, 5), name = CASE WHEN EXISTS (SELECT 1 FROM subscriptions other WHERE other.origin = "
              "?2 || substr(subscriptions.origin, 5) AND other.name = subscriptions.name) THEN name || '#' || "
              "number ELSE name END, changed_ms = ?3, generation = ?4 WHERE number = ?1 AND state <> 3 AND "
              "substr(origin, 1, 4) = 'api:'");
    if (prepared.ok()) prepared = ready(drop, "DELETE FROM managed WHERE number = ?");
    if (!prepared.ok()) return prepared;
    mark.bind(1, number).bind(2, gone_prefix).bind(3, clock_.wall_ms()).bind(4, generation.value());
    if (Result<void> done = run(mark, "remove a subscription"); !done.ok()) return done;
    if (sqlite3_changes(db_.handle()) == 0)
        return Fault{Code::not_found, "the subscription has been removed meanwhile"};
    return run(drop.bind(1, number), "remove a subscription's settings");
}

Result<void> SqliteTx::touch_subscription(int64_t number) {
    const Result<int64_t> generation = next_generation();
    if (!generation) return generation.fault();
    Stmt mark;
    if (Result<void> prepared = ready(mark, "UPDATE subscriptions SET generation = ?2 WHERE number = ?1");
        !prepared.ok())
        return prepared;
    return run(mark.bind(1, number).bind(2, generation.value()), "mark a subscription");
}

Result<int> SqliteTx::cancel_deliveries(int64_t subscription, int most) {
    int cancelled = 0;
    for (const char* unfinished :
         {"INDEXED BY deliveries_open WHERE state = 0", "INDEXED BY deliveries_gathering WHERE state = 4",
          "INDEXED BY deliveries_lane WHERE lane IS NOT NULL AND finished_ms = 0 AND state = 5"}) {
        Stmt cancel;
        if (Result<void> prepared = ready(
                cancel, std::string("UPDATE deliveries SET state = 3, finished_ms = ?3 WHERE number IN (SELECT number "
                                    "FROM deliveries ") +
                            unfinished + " AND subscription = ?1 LIMIT ?2)");
            !prepared.ok())
            return prepared.fault();
        cancel.bind(1, subscription).bind(2, static_cast<int64_t>(most - cancelled)).bind(3, clock_.wall_ms());
        if (Result<void> done = run(cancel, "cancel deliveries"); !done.ok()) return done.fault();
        cancelled += sqlite3_changes(db_.handle());
    }
    if (cancelled == most) return cancelled;
    Stmt forget;
    Result<void> done = ready(forget, "UPDATE subscriptions SET generation = NULL WHERE number = ? AND state = 3");
    if (done.ok()) done = run(forget.bind(1, subscription), "forget a removed subscription");
    if (!done.ok()) return done.fault();
    return cancelled;
}

Result<bool> SqliteTx::take_nonce(std::string_view name, int64_t until_ms) {
    Stmt tidy;
    Stmt put;
    Result<void> prepared = ready(tidy, "DELETE FROM nonces WHERE until_ms < ?");
    if (prepared.ok()) prepared = ready(put, "INSERT OR IGNORE INTO nonces VALUES (?, ?)");
    if (prepared.ok()) prepared = run(tidy.bind(1, clock_.wall_ms()), "forget old nonces");
    if (prepared.ok()) prepared = run(put.bind(1, name).bind(2, until_ms), "remember a nonce");
    if (!prepared.ok()) return prepared.fault();
    return sqlite3_changes(db_.handle()) > 0;
}

}  // namespace trot
