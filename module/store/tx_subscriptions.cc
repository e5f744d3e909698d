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
        row.number = known.number;
        row.created_ms = known.created_ms;
        row.changed_ms = same ? known.changed_ms : now_ms;
        if (!returns) {
            row.state = known.state;
            row.reason = known.reason;
            row.failures = known.failures;
            row.failing_ms = known.failing_ms;
        }
        if (same) return {};
    }
    Stmt put;
    if (Result<void> prepared =
            ready(put, "INSERT OR REPLACE INTO subscriptions VALUES (?,?,?,?,?,?,?,?,?,?,?,NULL,NULL,NULL,?12)");
        !prepared.ok())
        return prepared;
    bind_subscription(put, row).bind(12, row.failing_ms);
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
                                      "UPDATE subscriptions SET state = ?, reason = ?, failures = ?, failing_ms = ? "
                                      "WHERE number = ? AND state = ? AND reason = ? AND changed_ms = ?");
        !prepared.ok())
        return prepared;
    set.bind(1, static_cast<int64_t>(state))
        .bind(2, reason)
        .bind(3, static_cast<int64_t>(failures))
        .bind(4, failing_ms)
        .bind(5, number)
        .bind(6, static_cast<int64_t>(from.state))
        .bind(7, from.reason)
        .bind(8, from.changed_ms);
    return run(set, "change a subscription's state");
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
