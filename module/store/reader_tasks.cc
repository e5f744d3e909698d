// What tasks need to see: their rows, the deliveries they mean, and who a subscription is.
#include "store/queries.h"
#include "store/reader.h"
#include "store/rows.h"
#include "store/where.h"

namespace trot {

Result<std::vector<TaskRow>> SqliteReader::tasks() {
    std::vector<TaskRow> tasks;
    Result<void> done = query(
        tasks_, sql_tasks, "read the tasks", [](Stmt&) {},
        [&](const Stmt& row) {
            TaskRow task;
            task.number = row.number(0);
            task.kind = row.text(1);
            task.subscription = row.number(2);
            task.filter = row.text(3);
            task.at_event = row.number(4);
            task.until_event = row.number(5);
            task.made = row.number(6);
            task.created_ms = row.number(7);
            tasks.push_back(std::move(task));
            return true;
        });
    if (!done.ok()) return done.fault();
    return tasks;
}

Result<std::vector<Delivery>> SqliteReader::pick_deliveries(const TaskFilter& filter, int64_t subscription,
                                                            int64_t after, int64_t until, size_t window, int64_t& to) {
    to = until;
    Result<void> done = ask(
        "SELECT number FROM deliveries WHERE number > ? AND number <= ? ORDER BY number LIMIT 1 OFFSET ?",
        "look for deliveries",
        [&](Stmt& statement) { statement.bind(1, after).bind(2, until).bind(3, static_cast<int64_t>(window) - 1); },
        [&](const Stmt& row) {
            to = row.number(0);
            return false;
        });
    if (!done.ok()) return done.fault();
    Where where;
    where.add("d.number > ?", after);
    where.add("d.number <= ?", to);
    if (filter.delivery > 0) where.add("d.number = ?", filter.delivery);
    if (filter.event > 0) where.add("d.event = ?", filter.event);
    if (subscription > 0) where.add("+d.subscription = ?", subscription);
    if (!filter.state.empty()) {
        const Result<int> state = state_number(filter.state);
        if (!state.ok()) return state.fault();
        where.add("+d.state = ?", state.value());
    }
    where.topic("e.topic", filter.topic);
    if (filter.since_ms > 0) where.add("e.at_ms >= ?", filter.since_ms);
    if (filter.until_ms > 0) where.add("e.at_ms < ?", filter.until_ms);
    std::vector<Delivery> picked;
    done = ask(
        std::string("SELECT ") + delivery_columns + " FROM deliveries d LEFT JOIN events e ON e.number = d.event" +
            where.sql() + " ORDER BY d.number",
        "look for deliveries", [&](Stmt& statement) { where.bind(statement); },
        [&](const Stmt& row) {
            picked.push_back(read_delivery(row));
            return true;
        });
    if (!done.ok()) return done.fault();
    return picked;
}

Result<uint64_t> SqliteReader::pending(int64_t subscription, uint64_t most) {
    uint64_t count = 0;
    Result<void> done = ask(
        "SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY deliveries_open WHERE state = 0 AND subscription = "
        "? "
        "LIMIT ?)",
        "count what is pending",
        [&](Stmt& statement) { statement.bind(1, subscription).bind(2, static_cast<int64_t>(most)); },
        [&](const Stmt& row) {
            count = static_cast<uint64_t>(row.number(0));
            return true;
        });
    if (!done.ok()) return done.fault();
    return count;
}

Result<std::string> SqliteReader::subscription_label(int64_t number) {
    std::string label;
    Result<void> done = ask(
        std::string("SELECT ") + trot::subscription_label + " FROM subscriptions s WHERE s.number = ? AND s.state <> 3",
        "look for a subscription", [&](Stmt& statement) { statement.bind(1, number); },
        [&](const Stmt& row) {
            label = row.text(0);
            return true;
        });
    if (!done.ok()) return done.fault();
    return label;
}

Result<int64_t> SqliteReader::subscription_number(const std::string& label) {
    int64_t number = 0;
    Result<void> done = ask(
        std::string("SELECT s.number FROM subscriptions s WHERE s.state <> 3 AND ") + trot::subscription_label + " = ?",
        "look for a subscription", [&](Stmt& statement) { statement.bind(1, label); },
        [&](const Stmt& row) {
            number = row.number(0);
            return true;
        });
    if (!done.ok()) return done.fault();
    if (number == 0)
        return Fault{Code::not_found,
                     "there is no subscription \"" + label + "\"; `trotline subscriptions` lists them"};
    return number;
}

}  // namespace trot
