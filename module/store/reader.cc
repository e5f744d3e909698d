#include "store/reader.h"

#include "store/connect.h"
#include "store/queries.h"
#include "store/rows.h"

namespace trot {

SqliteReader::SqliteReader(StoreFiles files, Core* core, std::function<void()> on_damage)
    : files_(std::move(files)), core_(core), on_damage_(std::move(on_damage)) {}

Result<void> SqliteReader::open() {
    forget();
    if (core_ != nullptr) generation_ = core_->generation;
    Result<Db> opened = open_reading(files_);
    if (!opened.ok()) return opened.fault();
    db_ = std::move(opened).value();
    return {};
}

void SqliteReader::forget() {
    for (Stmt* statement : {&cursor_, &events_after_, &event_, &newest_event_, &due_, &next_due_, &hydrations_,
                            &read_generation_, &managed_, &members_, &gathering_, &next_lane_, &lane_head_, &tasks_})
        *statement = Stmt();
    db_.close();
}

bool SqliteReader::stale() const {
    if (!db_.is_open() || (core_ != nullptr && core_->generation != generation_)) return true;
    int elsewhere = 0;
    sqlite3_file_control(db_.handle(), "main", SQLITE_FCNTL_HAS_MOVED, &elsewhere);
    return elsewhere != 0;
}

int SqliteReader::attempt(Stmt& statement, std::string_view sql, const Bind& bind, const Take& take) {
    if (!statement)
        if (const int code = statement.prepare(db_, sql); code != SQLITE_OK) return code;
    bind(statement);
    Rows rows(statement);
    while (rows.next() && take(statement)) continue;
    return rows.failed() ? rows.code() : SQLITE_OK;
}

Result<void> SqliteReader::query(Stmt& statement, std::string_view sql, std::string_view doing, const Bind& bind,
                                 const Take& take) {
    if (stale())
        if (Result<void> opened = open(); !opened.ok()) return opened;
    bool taken = false;
    const Take once = [&](const Stmt& row) {
        taken = true;
        return take(row);
    };
    int code = attempt(statement, sql, bind, once);
    // A file that was exchanged just now reads like a damaged one: a fresh look decides. (Rows were handed on: no
    // second time.)
    if (trouble(code) != Trouble::none && (code & 0xff) != SQLITE_BUSY && !taken) {
        if (Result<void> opened = open(); !opened.ok()) return opened;
        code = attempt(statement, sql, bind, once);
    }
    if (trouble(code) == Trouble::none) return {};
    const Fault fault = db_.fault(doing);
    if (trouble(code) == Trouble::damaged && on_damage_) on_damage_();
    return fault;
}

Result<void> SqliteReader::ask(std::string_view sql, std::string_view doing, const Bind& bind, const Take& take) {
    Stmt statement;
    if (stale())
        if (Result<void> opened = open(); !opened.ok()) return opened;
    const int code = attempt(statement, sql, bind, take);
    if (trouble(code) == Trouble::none) return {};
    const Fault fault = db_.fault(doing);
    if (trouble(code) == Trouble::damaged && on_damage_) on_damage_();
    return fault;
}

Result<int64_t> SqliteReader::one_number(Stmt& statement, std::string_view sql, std::string_view doing) {
    int64_t value = 0;
    Result<void> done = query(
        statement, sql, doing, [](Stmt&) {},
        [&](const Stmt& row) {
            value = row.number(0);
            return true;
        });
    if (!done.ok()) return done.fault();
    return value;
}

Result<int64_t> SqliteReader::cursor() { return one_number(cursor_, sql_cursor, "read the cursor"); }

Result<int64_t> SqliteReader::newest_event() {
    return one_number(newest_event_, sql_newest_event, "read the newest event");
}

Result<std::vector<Event>> SqliteReader::events_after(int64_t number, size_t limit, size_t max_bytes) {
    std::vector<Event> events;
    size_t bytes = 0;
    Result<void> done = query(
        events_after_, sql_events_after, "read events",
        [&](Stmt& statement) { statement.bind(1, number).bind(2, static_cast<int64_t>(limit)); },
        [&](const Stmt& row) {
            events.push_back(read_event(row, true));
            bytes += events.back().payload->size();
            if (events.back().previous) bytes += events.back().previous->size();
            if (events.back().context) bytes += events.back().context->size();
            return bytes < max_bytes;
        });
    if (!done.ok()) return done.fault();
    return events;
}

Result<Event> SqliteReader::event(int64_t number) {
    Event event;
    Result<void> done = query(
        event_, sql_event, "read an event", [&](Stmt& statement) { statement.bind(1, number); },
        [&](const Stmt& row) {
            event = read_event(row, true);
            return true;
        });
    if (!done.ok()) return done.fault();
    if (event.number == 0)
        return Fault{Code::not_found, "the store holds no such event (retention may have removed it)"};
    return event;
}

Result<std::vector<Delivery>> SqliteReader::due(int64_t subscription, int64_t until_ms, int64_t after_due_ms,
                                                int64_t after_number, size_t limit) {
    std::vector<Delivery> deliveries;
    Result<void> done = query(
        due_, sql_due, "read due deliveries",
        [&](Stmt& statement) {
            statement.bind(1, subscription)
                .bind(2, until_ms)
                .bind(3, after_due_ms)
                .bind(4, after_number)
                .bind(5, static_cast<int64_t>(limit));
        },
        [&](const Stmt& row) {
            deliveries.push_back(read_delivery(row));
            return true;
        });
    if (!done.ok()) return done.fault();
    return deliveries;
}

Result<int64_t> SqliteReader::next_due(int64_t subscription) {
    int64_t due_ms = -1;
    Result<void> done = query(
        next_due_, sql_next_due, "read the next due delivery",
        [&](Stmt& statement) { statement.bind(1, subscription); },
        [&](const Stmt& row) {
            due_ms = row.number(0);
            return true;
        });
    if (!done.ok()) return done.fault();
    return due_ms;
}

Result<std::vector<GatheringRow>> SqliteReader::gathering() {
    std::vector<GatheringRow> found;
    while (true) {
        const int64_t after = found.empty() ? -1 : found.back().subscription;
        const size_t before = found.size();
        Result<void> done = query(
            gathering_, sql_gathering, "read who gathers", [after](Stmt& statement) { statement.bind(1, after); },
            [&](const Stmt& row) {
                found.push_back({row.number(0), row.number(1)});
                return true;
            });
        if (!done.ok()) return done.fault();
        if (found.size() == before) return found;
    }
}

Result<std::vector<Delivery>> SqliteReader::members(int64_t batch) {
    std::vector<Delivery> found;
    Result<void> done = query(
        members_, sql_members, "read a batch", [batch](Stmt& statement) { statement.bind(1, batch); },
        [&](const Stmt& row) {
            found.push_back(read_delivery(row));
            return true;
        });
    if (!done.ok()) return done.fault();
    return found;
}

Result<std::vector<Lane>> SqliteReader::stranded(Lane& after, int most) {
    std::vector<Lane> found;
    for (int looked = 0; looked < most; ++looked) {
        Lane next;
        Result<void> done = query(
            next_lane_, sql_next_lane, "look for lanes",
            [&](Stmt& statement) { statement.bind(1, after.subscription).bind(2, after.name); },
            [&](const Stmt& row) {
                next = {row.number(0), std::string(row.text(1))};
                return true;
            });
        int64_t head = -1;
        if (done.ok() && !next.name.empty())
            done = query(
                lane_head_, sql_lane_head, "look along a lane",
                [&](Stmt& statement) { statement.bind(1, next.subscription).bind(2, next.name); },
                [&](const Stmt& row) {
                    head = row.number(0);
                    return true;
                });
        if (!done.ok()) return done.fault();
        after = next;
        if (after.name.empty()) break;
        if (head == static_cast<int64_t>(DeliveryState::queued)) found.push_back(std::move(next));
    }
    return found;
}

Result<std::vector<HydrationRow>> SqliteReader::hydrations(int64_t after_event, size_t limit) {
    std::vector<HydrationRow> orders;
    Result<void> done = query(
        hydrations_, sql_hydrations, "read what is owed to events",
        [&](Stmt& statement) { statement.bind(1, after_event).bind(2, static_cast<int64_t>(limit)); },
        [&](const Stmt& row) {
            orders.push_back(read_hydration(row));
            return true;
        });
    if (!done.ok()) return done.fault();
    return orders;
}

Result<std::vector<SubscriptionRow>> SqliteReader::rows_where(std::string_view condition, std::string_view doing,
                                                              const Bind& bind) {
    std::vector<SubscriptionRow> subscriptions;
    Result<void> done = ask(std::string("SELECT ") + subscription_columns + " FROM subscriptions " +
                                std::string(condition) + " ORDER BY number",
                            doing, bind, [&](const Stmt& row) {
                                subscriptions.push_back(read_subscription(row));
                                return true;
                            });
    if (!done.ok()) return done.fault();
    return subscriptions;
}

Result<std::vector<SubscriptionRow>> SqliteReader::subscriptions() {
    return rows_where("WHERE origin = 'file'", "read the subscriptions", [](Stmt&) {});
}

Result<SubscriptionRow> SqliteReader::subscription(int64_t number) {
    Result<std::vector<SubscriptionRow>> rows =
        rows_where("WHERE number = ?", "read a subscription", [number](Stmt& statement) { statement.bind(1, number); });
    if (!rows.ok()) return rows.fault();
    if (rows.value().empty()) return Fault{Code::not_found, "there is no such subscription"};
    return std::move(rows.value().front());
}

}  // namespace trot
