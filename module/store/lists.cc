// Lists for people: the reader's questions that the command line and the admin pages ask.
#include <algorithm>
#include <map>

#include "store/queries.h"
#include "store/reader.h"
#include "store/rows.h"

namespace trot {

Result<std::vector<Event>> SqliteReader::list_events(const Filter& filter) {
    Result<ListQuery> query = events_query(filter);
    if (!query.ok()) return query.fault();
    std::vector<Event> events;
    Result<void> done = ask(query.value().sql, "list the events", query.value().bind, [&](const Stmt& row) {
        events.push_back(read_event(row, false));
        return true;
    });
    if (!done.ok()) return done.fault();
    return events;
}

Result<std::vector<DeliveryLine>> SqliteReader::list_deliveries(const Filter& filter) {
    Result<ListQuery> query = deliveries_query(filter);
    if (!query.ok()) return query.fault();
    std::vector<DeliveryLine> lines;
    Result<void> done = ask(query.value().sql, "list the deliveries", query.value().bind, [&](const Stmt& row) {
        DeliveryLine line;
        line.delivery = read_delivery(row);
        line.topic = row.text(delivery_width);
        line.subscription = row.text(delivery_width + 1);
        line.resource_id = row.text(delivery_width + 2);
        line.event_at_ms = row.number(delivery_width + 3);
        line.answer = row.text(delivery_width + 4);
        lines.push_back(std::move(line));
        return true;
    });
    if (!done.ok()) return done.fault();
    return lines;
}

Result<std::vector<Attempt>> SqliteReader::list_attempts(const Filter& filter) {
    Result<ListQuery> query = attempts_query(filter);
    if (!query.ok()) return query.fault();
    std::vector<Attempt> attempts;
    Result<void> done = ask(query.value().sql, "list the attempts", query.value().bind, [&](const Stmt& row) {
        attempts.push_back(read_attempt(row));
        return true;
    });
    if (!done.ok()) return done.fault();
    return attempts;
}

Result<std::vector<SubscriptionLine>> SqliteReader::list_subscriptions() {
    Result<std::vector<SubscriptionRow>> rows =
        rows_where("WHERE origin NOT LIKE 'gone:%'", "list the subscriptions", [](Stmt&) {});
    if (!rows.ok()) return rows.fault();
    std::vector<SubscriptionLine> lines;
    std::map<int64_t, size_t> by_number;
    for (SubscriptionRow& row : rows.value()) {
        by_number[row.number] = lines.size();
        if (const size_t colon = row.origin.find(':'); colon != std::string::npos)
            row.name = row.origin.substr(colon + 1) + "/" + row.name;
        lines.emplace_back().row = std::move(row);
    }
    Result<void> done = ask(
        "SELECT subscription, state, count(*), min(due_ms) FROM deliveries GROUP BY subscription, state",
        "count the deliveries", [](Stmt&) {},
        [&](const Stmt& row) {
            const auto found = by_number.find(row.number(0));
            if (found == by_number.end()) return true;
            SubscriptionLine& line = lines[found->second];
            const auto count = static_cast<uint64_t>(row.number(2));
            switch (static_cast<DeliveryState>(row.number(1))) {
                case DeliveryState::pending:
                case DeliveryState::gathering:
                case DeliveryState::queued:
                    if (row.number(1) == static_cast<int64_t>(DeliveryState::gathering)) line.gathering = count;
                    if (row.number(1) == static_cast<int64_t>(DeliveryState::queued)) line.queued = count;
                    line.oldest_pending_ms =
                        line.pending == 0 ? row.number(3) : std::min(line.oldest_pending_ms, row.number(3));
                    line.pending += count;
                    break;
                case DeliveryState::delivered:
                    line.delivered = count;
                    break;
                case DeliveryState::dead:
                    line.dead = count;
                    break;
                case DeliveryState::cancelled:
                    break;
            }
            return true;
        });
    if (!done.ok()) return done.fault();
    return lines;
}

Result<StoreStatus> SqliteReader::status() {
    StoreStatus status;
    Result<void> done = ask(
        "SELECT (SELECT value FROM meta WHERE key = 'events'), (SELECT value FROM meta WHERE key = 'cursor'), "
        "ifnull((SELECT max(number) FROM events), 0), (SELECT count(*) FROM deliveries WHERE state = 0), "
        "(SELECT count(*) FROM events WHERE number > (SELECT value FROM meta WHERE key = 'cursor')), "
        "(SELECT value FROM meta WHERE key = 'schema_version'), "
        "((SELECT page_count FROM pragma_page_count()) - (SELECT freelist_count FROM pragma_freelist_count())) * "
        "(SELECT page_size FROM pragma_page_size()), (SELECT count(*) FROM jobs WHERE kind = 0), "
        "(SELECT count(*) FROM snapshots), (SELECT count(*) FROM deliveries WHERE state = 4), (SELECT count(*) FROM "
        "deliveries INDEXED BY deliveries_lane WHERE lane IS NOT NULL AND finished_ms = 0 AND state = 5), "
        "(SELECT count(*) FROM tasks)",
        "read the store's status", [](Stmt&) {},
        [&](const Stmt& row) {
            status.events = static_cast<uint64_t>(row.number(0));
            status.cursor = row.number(1);
            status.last_event = row.number(2);
            status.pending = static_cast<uint64_t>(row.number(3));
            status.unexpanded = static_cast<uint64_t>(row.number(4));
            status.schema_version = static_cast<int>(row.number(5));
            status.used_bytes = static_cast<uint64_t>(row.number(6));
            status.jobs = static_cast<uint64_t>(row.number(7));
            status.snapshots = static_cast<uint64_t>(row.number(8));
            status.gathering = static_cast<uint64_t>(row.number(9));
            status.queued = static_cast<uint64_t>(row.number(10));
            status.pending += status.gathering + status.queued;
            status.tasks = static_cast<uint64_t>(row.number(11));
            return true;
        });
    if (!done.ok()) return done.fault();
    status.file_bytes = static_cast<uint64_t>(file_bytes(files_.db));
    status.wal_bytes = static_cast<uint64_t>(file_bytes(files_.wal));
    return status;
}

Result<SubscriptionFigures> SqliteReader::subscription_figures() {
    SubscriptionFigures figures;
    Result<void> done = ask(
        "SELECT state, count(*) FROM subscriptions GROUP BY state", "count the subscriptions", [](Stmt&) {},
        [&](const Stmt& row) {
            const auto count = static_cast<uint64_t>(row.number(1));
            switch (static_cast<SubscriptionState>(row.number(0))) {
                case SubscriptionState::active:
                    figures.active = count;
                    break;
                case SubscriptionState::paused:
                    figures.paused = count;
                    break;
                case SubscriptionState::disabled:
                    figures.disabled = count;
                    break;
                case SubscriptionState::removed:
                    break;
            }
            return true;
        });
    // From one subscription that has something pending to the next, however much that is. What an operator asked for
    // is due at 0.
    if (done.ok())
        done = ask(
            "WITH RECURSIVE waiting(n) AS (SELECT (SELECT subscription FROM deliveries INDEXED BY deliveries_open "
            "WHERE state = 0 ORDER BY subscription LIMIT 1) UNION ALL SELECT (SELECT subscription FROM deliveries "
            "INDEXED BY deliveries_open WHERE state = 0 AND subscription > n ORDER BY subscription LIMIT 1) FROM "
            "waiting WHERE n IS NOT NULL) SELECT min((SELECT due_ms FROM deliveries INDEXED BY deliveries_open WHERE "
            "state = 0 AND subscription = n AND due_ms > 0 ORDER BY due_ms LIMIT 1)) FROM waiting JOIN subscriptions s "
            "ON s.number = n WHERE s.state = 0",
            "look for the oldest pending delivery", [](Stmt&) {},
            [&](const Stmt& row) {
                figures.oldest_due_ms = row.number(0);
                return true;
            });
    if (!done.ok()) return done.fault();
    return figures;
}

Result<DeadFigures> SqliteReader::dead_figures(int64_t since_ms) {
    DeadFigures figures;
    Result<void> done = ask(
        "SELECT count(*) FILTER (WHERE finished_ms > ?), count(*) FILTER (WHERE last_error = 'quarantined') FROM "
        "deliveries INDEXED BY deliveries_open WHERE state = 2",
        "count the dead letters", [since_ms](Stmt& statement) { statement.bind(1, since_ms); },
        [&](const Stmt& row) {
            figures.recent = static_cast<uint64_t>(row.number(0));
            figures.quarantined = static_cast<uint64_t>(row.number(1));
            return true;
        });
    if (!done.ok()) return done.fault();
    return figures;
}

Result<Delivery> SqliteReader::delivery(int64_t number) {
    Delivery found;
    Result<void> done = ask(
        std::string("SELECT ") + delivery_columns + " FROM deliveries d WHERE d.number = ?", "read a delivery",
        [number](Stmt& statement) { statement.bind(1, number); },
        [&found](const Stmt& row) {
            found = read_delivery(row);
            return true;
        });
    if (!done.ok()) return done.fault();
    if (found.number == 0) return Fault{Code::not_found, "the store holds no such delivery"};
    return found;
}

Result<std::string> SqliteReader::shape(int64_t number) {
    std::string spec;
    Result<void> done = ask(
        "SELECT spec FROM shapes WHERE number = ?", "read a shape",
        [number](Stmt& statement) { statement.bind(1, number); },
        [&spec](const Stmt& row) {
            spec = row.text(0);
            return true;
        });
    if (!done.ok()) return done.fault();
    if (spec.empty()) return Fault{Code::not_found, "the store does not know the delivery's shape"};
    return spec;
}

}  // namespace trot
