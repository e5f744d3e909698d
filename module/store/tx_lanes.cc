#include "store/tx_lanes.h"

#include <limits>

#include "store/rows.h"
#include "store/tx.h"

namespace trot {

Result<int64_t> SqliteLanes::one_number(Stmt& statement, std::string_view doing, int64_t otherwise) {
    Rows rows(statement);
    const int64_t value = rows.next() ? statement.number(0) : otherwise;
    if (rows.failed()) return tx_.failed(doing);
    return value;
}

Result<int64_t> SqliteLanes::next_sequence(int64_t subscription, std::string_view lane, int64_t now_ms) {
    if (Result<void> prepared =
            tx_.ready(count_,
                      "INSERT INTO lanes VALUES (?1, ?2, 1, ?3) ON CONFLICT (subscription, lane) DO UPDATE SET "
                      "sequence = sequence + 1, at_ms = max(at_ms, ?3) RETURNING sequence");
        !prepared)
        return prepared.fault();
    Rows rows(count_.bind(1, subscription).bind(2, lane).bind(3, now_ms));
    if (!rows.next()) return tx_.failed("count in a lane");
    const int64_t sequence = count_.number(0);
    while (rows.next()) continue;
    if (rows.failed()) return tx_.failed("count in a lane");
    return sequence;
}

Result<int64_t> SqliteLanes::before(int64_t subscription, std::string_view lane, int64_t number) {
    if (Result<void> prepared = tx_.ready(
            before_,
            "SELECT number FROM deliveries INDEXED BY deliveries_lane WHERE subscription = ? AND lane = ? AND "
            "finished_ms = 0 AND number < ? AND sequence > 0 ORDER BY number DESC LIMIT 1");
        !prepared)
        return prepared.fault();
    return one_number(before_.bind(1, subscription).bind(2, lane).bind(3, number), "look along a lane", 0);
}

Result<std::vector<Delivery>> SqliteLanes::first(int64_t subscription, std::string_view lane, int most) {
    if (Result<void> prepared =
            tx_.ready(first_, std::string("SELECT ") + delivery_columns +
                                  " FROM deliveries d INDEXED BY deliveries_lane WHERE d.subscription = ? AND d.lane = "
                                  "? AND d.finished_ms = 0 AND d.sequence > 0 ORDER BY d.number LIMIT ?");
        !prepared)
        return prepared.fault();
    std::vector<Delivery> found;
    Rows rows(first_.bind(1, subscription).bind(2, lane).bind(3, static_cast<int64_t>(most)));
    while (rows.next()) found.push_back(read_delivery(first_));
    if (rows.failed()) return tx_.failed("read a lane");
    return found;
}

Result<std::vector<Lane>> SqliteLanes::lanes_of(int64_t number, bool batch) {
    Result<void> prepared = tx_.ready(
        lane_of_, "SELECT subscription, lane FROM deliveries WHERE number = ? AND lane IS NOT NULL AND sequence > 0");
    if (prepared)
        prepared = tx_.ready(
            lanes_of_,
            "SELECT DISTINCT subscription, lane FROM deliveries WHERE batch = ? AND batch > 0 AND lane IS NOT NULL "
            "AND sequence > 0");
    if (!prepared) return prepared.fault();
    Stmt& find = batch ? lanes_of_ : lane_of_;
    std::vector<Lane> lanes;
    Rows rows(find.bind(1, number));
    while (rows.next()) lanes.push_back({find.number(0), std::string(find.text(1))});
    if (rows.failed()) return tx_.failed("read a delivery's lane");
    return lanes;
}

Result<Delivery> SqliteLanes::open_window(int64_t subscription, std::string_view lane, bool ordered) {
    if (Result<void> prepared = tx_.ready(
            window_, std::string("SELECT ") + delivery_columns +
                         " FROM deliveries d INDEXED BY deliveries_lane WHERE d.subscription = ? AND d.lane = ? AND "
                         "d.finished_ms = 0 AND d.state = 4 AND d.opened_ms > 0 AND (d.sequence > 0) = ? ORDER BY "
                         "d.number DESC LIMIT 1");
        !prepared)
        return prepared.fault();
    Delivery found;
    Rows rows(window_.bind(1, subscription).bind(2, lane).bind(3, static_cast<int64_t>(ordered)));
    if (rows.next()) found = read_delivery(window_);
    if (rows.failed()) return tx_.failed("look for a delivery that gathers");
    return found;
}

Result<void> SqliteLanes::merge(const Delivery& delivery) {
    if (Result<void> prepared =
            tx_.ready(merge_, "UPDATE deliveries SET event = ?, first_event = ?, due_ms = ? WHERE number = ?");
        !prepared)
        return prepared;
    merge_.bind(1, delivery.event).bind(2, delivery.first_event).bind(3, delivery.due_ms).bind(4, delivery.number);
    return tx_.run(merge_, "join an event to a delivery");
}

Result<std::vector<Gathered>> SqliteLanes::gathered(int64_t subscription, int64_t until_ms, int64_t horizon_ms,
                                                    int most) {
    // The payload's length stands in its row's head: no overflow page is read for it.
    if (Result<void> prepared = tx_.ready(
            gathered_,
            std::string("SELECT ") + delivery_columns +
                ", ifnull(length(e.payload), 0) FROM deliveries d INDEXED BY deliveries_gathering LEFT JOIN "
                "events e ON e.number = d.event WHERE d.state = 4 AND d.subscription = ? AND d.due_ms > ? AND "
                "d.due_ms <= ? ORDER BY d.due_ms, d.number LIMIT ?");
        !prepared)
        return prepared.fault();
    std::vector<Gathered> found;
    const std::pair<int64_t, int64_t> spans[] = {{-1, until_ms}, {horizon_ms, std::numeric_limits<int64_t>::max()}};
    for (const auto& [after_ms, to_ms] : spans) {
        const int64_t room = most - static_cast<int64_t>(found.size());
        Rows rows(gathered_.bind(1, subscription).bind(2, after_ms).bind(3, to_ms).bind(4, room));
        while (room > 0 && rows.next()) {
            Gathered& one = found.emplace_back();
            one.delivery = read_delivery(gathered_);
            one.bytes = static_cast<uint64_t>(gathered_.number(delivery_width));
        }
        if (rows.failed()) return tx_.failed("read what gathers");
    }
    return found;
}

Result<int64_t> SqliteLanes::next_gathered(int64_t subscription) {
    if (Result<void> prepared = tx_.ready(next_,
                                          "SELECT due_ms FROM deliveries INDEXED BY deliveries_gathering WHERE state = "
                                          "4 AND subscription = ? ORDER BY due_ms LIMIT 1");
        !prepared)
        return prepared.fault();
    return one_number(next_.bind(1, subscription), "look for what gathers", -1);
}

Result<void> SqliteLanes::move(int64_t number, DeliveryState state, int64_t due_ms, int64_t batch) {
    if (Result<void> prepared = tx_.ready(move_,
                                          "UPDATE deliveries SET state = ?, due_ms = ?, batch = ?, opened_ms = 0 WHERE "
                                          "number = ? AND state IN (4, 5)");
        !prepared)
        return prepared;
    move_.bind(1, static_cast<int64_t>(state)).bind(2, due_ms).bind(3, batch).bind(4, number);
    return tx_.run(move_, "move a delivery along");
}

Result<int> SqliteLanes::forget(int64_t before_ms, int most) {
    Stmt drop;  // seldom: a step of retention
    if (Result<void> prepared = tx_.ready(
            drop,
            "DELETE FROM lanes WHERE (subscription, lane) IN (SELECT subscription, lane FROM lanes INDEXED BY "
            "lanes_age "
            "WHERE at_ms < ?1 AND NOT EXISTS (SELECT 1 FROM deliveries d INDEXED BY deliveries_lane WHERE "
            "d.subscription = lanes.subscription AND d.lane = lanes.lane AND d.lane IS NOT NULL AND d.finished_ms = 0) "
            "ORDER BY at_ms LIMIT ?2)");
        !prepared)
        return prepared.fault();
    if (Result<void> done = tx_.run(drop.bind(1, before_ms).bind(2, static_cast<int64_t>(most)), "forget old lanes");
        !done)
        return done.fault();
    return sqlite3_changes(db_.handle());
}

}  // namespace trot
