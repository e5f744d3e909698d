// Subscriptions' rows: few and seldom written, so their statements are made when needed.
#include <algorithm>
#include <unordered_set>

#include "store/rows.h"
#include "store/tx.h"

namespace trot {

Result<void> SqliteTx::put_subscription(SubscriptionRow& row) {
    Stmt find;
    if (Result<void> prepared = ready(
            find, std::string("SELECT ") + subscription_columns + " FROM subscriptions WHERE origin = ? AND name = ?");
        !prepared.ok())
        return prepared;
    const int64_t now_ms = clock_.wall_ms();
    SubscriptionRow known;
    bool found = false;
    {
        Rows rows(find.bind(1, row.origin).bind(2, row.name));
        found = rows.next();
        if (found) known = read_subscription(find);
        if (rows.failed()) return failed("look for a subscription");
    }
    if (!found) {
        const Result<int64_t> number = next(now_.last_subscription, newest_subscription_,
                                            "SELECT ifnull((SELECT max(number) FROM subscriptions), 0)");
        if (!number.ok()) return number.fault();
        row.number = number.value();
        row.created_ms = row.changed_ms = now_ms;
    } else {
        const bool returns = known.state == SubscriptionState::removed;
        const bool same = !returns && known.url == row.url && known.topics == row.topics && known.format == row.format;
        const bool rests = known.state == SubscriptionState::disabled;  // since when is worth more than what changed
        row.number = known.number;
        row.created_ms = known.created_ms;
        row.changed_ms = same || rests ? known.changed_ms : now_ms;
        row.generation = known.generation;
        if (!returns) {
            row.state = known.state;
            row.reason = known.reason;
            row.failures = known.failures;
            row.failing_ms = known.failing_ms;
        }
        if (same) return {};
    }
    Stmt put;
    if (Result<void> prepared = ready(
            put, "INSERT OR REPLACE INTO subscriptions VALUES (?,?,?,?,?,?,?,?,?,?,?,NULL,NULL,nullif(?13, 0),?12)");
        !prepared.ok())
        return prepared;
    bind_subscription(put, row).bind(12, row.failing_ms).bind(13, row.generation);
    return run(put, "write a subscription");
}

Result<void> SqliteTx::set_subscription(int64_t number, SubscriptionState state, std::string_view reason,
                                        unsigned failures, int64_t failing_ms) {
    Stmt set;
    if (Result<void> prepared = ready(set,
                                      "UPDATE subscriptions SET state = ?, reason = ?, failures = ?, failing_ms = ?, "
                                      "changed_ms = ? WHERE number = ?");
        !prepared.ok())
        return prepared;
    set.bind(1, static_cast<int64_t>(state))
        .bind(2, reason)
        .bind(3, static_cast<int64_t>(failures))
        .bind(4, failing_ms)
        .bind(5, clock_.wall_ms())
        .bind(6, number);
    return run(set, "set a subscription's state");
}

Result<void> SqliteTx::move_subscription(int64_t number, const Known& from, SubscriptionState state,
                                         std::string_view reason, unsigned failures, int64_t failing_ms) {
    Stmt set;
    if (Result<void> prepared = ready(set,
                                      "UPDATE subscriptions SET state = ?1, reason = ?2, failures = ?3, failing_ms = "
                                      "?4, changed_ms = CASE WHEN ?8 = 0 AND state <> ?1 THEN ?9 ELSE changed_ms END "
                                      "WHERE number = ?5 AND state = ?6 AND reason = ?7 AND (?8 = 0 OR changed_ms = "
                                      "?8)");
        !prepared.ok())
        return prepared;
    set.bind(1, static_cast<int64_t>(state))
        .bind(2, reason)
        .bind(3, static_cast<int64_t>(failures))
        .bind(4, failing_ms)
        .bind(5, number)
        .bind(6, static_cast<int64_t>(from.state))
        .bind(7, from.reason)
        .bind(8, from.changed_ms)
        .bind(9, clock_.wall_ms());
    return run(set, "change a subscription's state");
}

Result<void> SqliteTx::steer_subscription(int64_t number, const Known& from, SubscriptionState state,
                                          std::string_view reason) {
    const Result<int64_t> generation = next_generation();
    if (!generation) return generation.fault();
    if (Result<void> read = read_newest_event(); !read.ok()) return read;
    Stmt set;
    if (Result<void> prepared =
            ready(set,
                  "UPDATE subscriptions SET state = ?2, reason = ?3, failures = iif(?2 = 0, 0, failures), failing_ms = "
                  "iif(?2 = 0, 0, failing_ms), changed_ms = max(?4, changed_ms + 1), generation = ?5, since = "
                  "iif(?2 = 0 AND since IS NOT NULL AND (state = 2 OR reason = ?8), ?9, since) WHERE number = ?1 AND "
                  "state = ?6 AND reason = ?7");
        !prepared.ok())
        return prepared;
    set.bind(1, number)
        .bind(2, static_cast<int64_t>(state))
        .bind(3, reason)
        .bind(4, clock_.wall_ms())
        .bind(5, generation.value())
        .bind(6, static_cast<int64_t>(from.state))
        .bind(7, from.reason)
        .bind(8, std::string_view(paused_by_api))
        .bind(9, now_.last_event);
    if (Result<void> done = run(set, "pause or resume a subscription"); !done.ok()) return done;
    if (sqlite3_changes(db_.handle()) > 0) return {};
    return Fault{Code::refused,
                 "the subscription has been changed meanwhile; `trotline subscriptions` shows how it is"};
}

Result<void> SqliteTx::keep_subscriptions(const std::vector<std::string>& names) {
    Stmt list;
    if (Result<void> prepared =
            ready(list, "SELECT number, name FROM subscriptions WHERE origin = 'file' AND state <> 3");
        !prepared.ok())
        return prepared;
    const std::unordered_set<std::string_view> keep(names.begin(), names.end());
    std::vector<int64_t> gone;
    {
        Rows rows(list);
        while (rows.next())
            if (!keep.contains(list.text(1))) gone.push_back(list.number(0));
        if (rows.failed()) return failed("list the subscriptions");
    }
    for (const int64_t number : gone) {
        Result<void> done =
            set_subscription(number, SubscriptionState::removed, "no longer in the configuration", 0, 0);
        if (!done.ok()) return done;
    }
    return {};
}

}  // namespace trot
