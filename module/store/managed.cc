// The questions of management APIs: pages of subscriptions, and of what was sent to them.
#include <algorithm>

#include "store/reader.h"
#include "store/rows.h"
#include "store/where.h"

namespace trot {
namespace {

constexpr const char* managed_columns = ", m.title, m.document, m.settings";

ManagedRow read_managed(const Stmt& row) {
    ManagedRow managed;
    managed.row = read_subscription(row);
    managed.title = row.text(subscription_width);
    managed.document = row.text(subscription_width + 1);
    managed.settings = row.text(subscription_width + 2);
    return managed;
}

// subscription_columns with the table's letter: "s.number, s.name, …".
std::string columns_of(std::string_view letter, std::string_view columns) {
    std::string out(letter);
    for (const char c : columns) {
        out += c;
        if (c == ' ') out += letter;
    }
    return out;
}

std::string select_managed(std::string_view hint) {
    return "SELECT " + columns_of("s.", subscription_columns) + managed_columns + " FROM subscriptions s " +
           std::string(hint) + " JOIN managed m ON m.number = s.number";
}

std::string origin_of(const std::string& api) { return "api:" + api; }

Where where_of(const ManagedQuery& query) {
    Where where;
    where.add("s.origin = ?", origin_of(query.api));
    if (query.state) where.add("s.state = ?", static_cast<int64_t>(*query.state));
    if (query.state && !query.reason.empty()) where.add("s.reason = ?", query.reason);
    if (!query.topic.empty()) where.add("s.topics = ?", query.topic);
    if (query.created_after > 0) where.add("s.created_ms > ?", query.created_after);
    if (query.created_before > 0) where.add("s.created_ms < ?", query.created_before);
    if (query.changed_after > 0) where.add("s.changed_ms > ?", query.changed_after);
    if (query.changed_before > 0) where.add("s.changed_ms < ?", query.changed_before);
    if (!query.search.empty()) where.add("instr(lower(m.title || char(10) || m.document), lower(?)) > 0", query.search);
    where.one_of("s.name", query.ids);
    where.none_of("s.name", query.not_ids);
    return where;
}

std::string order_of(const ManagedQuery& query) {
    const char* column = query.order == ManagedQuery::Order::title     ? "m.title"
                         : query.order == ManagedQuery::Order::changed ? "s.changed_ms"
                         : query.order == ManagedQuery::Order::url     ? "s.url"
                                                                       : "s.number";
    const char* way = query.ascending ? "" : " DESC";
    std::string out = std::string(" ORDER BY ") + column + way;
    if (query.order != ManagedQuery::Order::number) out += std::string(", s.number") + way;
    return out;
}

Where where_of(const CallQuery& query) {
    Where where;
    where.add("d.logged = 1");  // written out: only so may SQLite use the partial index
    if (query.subscription > 0)
        where.add("d.subscription = ?", query.subscription);
    else
        where.add("d.subscription IN (SELECT number FROM subscriptions WHERE origin = ?)", origin_of(query.api));
    std::vector<int64_t> states;
    for (const DeliveryState state : query.states) states.push_back(static_cast<int64_t>(state));
    where.one_of("+d.state", states);
    where.one_of("d.number", query.deliveries);
    if (query.tried) where.add(*query.tried ? "d.attempts > 0" : "d.attempts = 0");
    if (!query.resource.empty()) where.add("e.resource = ?", query.resource);
    if (!query.action.empty()) where.add("e.action = ?", query.action);
    if (query.created_after > 0) where.add("e.at_ms > ?", query.created_after);
    if (query.created_before > 0) where.add("e.at_ms < ?", query.created_before);
    if (query.sent_after > 0) where.add("a.at_ms > ?", query.sent_after);
    if (query.sent_before > 0) where.add("a.at_ms < ?", query.sent_before);
    if (query.due_after > 0) where.add("d.state = 0 AND d.attempts > 0 AND d.due_ms > ?", query.due_after);
    if (query.due_before > 0) where.add("d.state = 0 AND d.attempts > 0 AND d.due_ms < ?", query.due_before);
    return where;
}

std::string order_of(const CallQuery& query) {
    const char* column = query.order == CallQuery::Order::subscription ? "d.subscription"
                         : query.order == CallQuery::Order::last_sent  ? "a.at_ms"
                         : query.order == CallQuery::Order::next_retry ? "d.due_ms"
                                                                       : "d.number";
    const char* way = query.ascending ? "" : " DESC";
    std::string out = std::string(" ORDER BY ") + column + way;
    if (query.order != CallQuery::Order::number) out += std::string(", d.number") + way;
    return out;
}

constexpr const char* call_tables =
    " FROM deliveries d JOIN subscriptions s ON s.number = d.subscription LEFT JOIN events e ON e.number = d.event "
    "LEFT JOIN attempts a ON a.delivery = d.number AND a.number = d.attempts";

Call read_call(const Stmt& row) {
    Call call;
    call.delivery = read_delivery(row);
    call.attempt.delivery = call.delivery.number;
    call.attempt.number = call.delivery.attempts;
    call.attempt.at_ms = row.number(delivery_width);
    call.attempt.duration_ms = row.number(delivery_width + 1);
    call.attempt.status = static_cast<int>(row.number(delivery_width + 2));
    call.attempt.error = row.text(delivery_width + 3);
    call.attempt.answer = row.text(delivery_width + 4);
    call.attempt.head = row.text(delivery_width + 5);
    return call;
}

}  // namespace

Result<int64_t> SqliteReader::generation() {
    return one_number(read_generation_, "SELECT value FROM meta WHERE key = 'generation'",
                      "read the subscriptions' generation");
}

Result<std::vector<SubscriptionRow>> SqliteReader::managed_after(int64_t generation) {
    return rows_where("WHERE generation > ?", "read the managed subscriptions",
                      [generation](Stmt& statement) { statement.bind(1, generation); });
}

Result<ManagedRow> SqliteReader::one_managed(std::string_view sql, const Bind& bind) {
    ManagedRow managed;
    Stmt statement;
    Result<void> done = ask(sql, "read a subscription", bind, [&](const Stmt& row) {
        managed = read_managed(row);
        return true;
    });
    if (!done.ok()) return done.fault();
    if (managed.row.number == 0) return Fault{Code::not_found, "there is no such subscription"};
    return managed;
}

Result<ManagedRow> SqliteReader::managed(int64_t number) {
    return one_managed(select_managed("") + " WHERE s.number = ?",
                       [number](Stmt& statement) { statement.bind(1, number); });
}

Result<ManagedRow> SqliteReader::managed(const std::string& api, const std::string& id) {
    const std::string origin = origin_of(api);
    return one_managed(select_managed("") + " WHERE s.origin = ? AND s.name = ?",
                       [&](Stmt& statement) { statement.bind(1, origin).bind(2, id); });
}

// The page's numbers first, from an index that covers them where the order is theirs; their rows then: an offset of a
// hundred thousand would otherwise read as many rows.
Result<ManagedPage> SqliteReader::list_managed(const ManagedQuery& query) {
    ManagedPage page;
    const Where where = where_of(query);
    const bool by_table = query.order == ManagedQuery::Order::title || !query.search.empty();
    const std::string tables = std::string(" FROM subscriptions s INDEXED BY ") +
                               (query.state ? "subscriptions_state" : "subscriptions_origin") +
                               (by_table ? " JOIN managed m ON m.number = s.number" : "");
    Result<void> done = ask(
        "SELECT count(*)" + tables + where.sql(), "count the subscriptions",
        [&](Stmt& statement) { where.bind(statement); },
        [&](const Stmt& row) {
            page.total = static_cast<uint64_t>(row.number(0));
            return true;
        });
    if (!done.ok()) return done.fault();
    if (query.offset >= page.total) return page;
    ManagedQuery nearer = query;
    nearer.limit = std::min<size_t>(query.limit, page.total - query.offset);
    if (query.offset > page.total / 2) {  // from the other end
        nearer.ascending = !query.ascending;
        nearer.offset = page.total - query.offset - nearer.limit;
    }
    const std::string sql = select_managed("") + " WHERE s.number IN (SELECT s.number" + tables + where.sql() +
                            order_of(nearer) + " LIMIT " + std::to_string(nearer.limit) + " OFFSET " +
                            std::to_string(nearer.offset) + ")" + order_of(query);
    done = ask(
        sql, "list the subscriptions", [&](Stmt& statement) { where.bind(statement); },
        [&](const Stmt& row) {
            page.rows.push_back(read_managed(row));
            return true;
        });
    if (!done.ok()) return done.fault();
    return page;
}

Result<CallPage> SqliteReader::list_calls(const CallQuery& query) {
    CallPage page;
    const Where where = where_of(query);
    Result<void> done = ask(
        std::string("SELECT count(*)") + call_tables + where.sql(), "count the calls",
        [&](Stmt& statement) { where.bind(statement); },
        [&](const Stmt& row) {
            page.total = static_cast<uint64_t>(row.number(0));
            return true;
        });
    if (!done.ok()) return done.fault();
    const std::string sql = std::string("SELECT ") + delivery_columns +
                            ", ifnull(a.at_ms, 0), ifnull(a.duration_ms, 0), ifnull(a.status, 0), ifnull(a.error, ''), "
                            "a.answer, a.head" +
                            call_tables + where.sql() + order_of(query) + " LIMIT " + std::to_string(query.limit) +
                            " OFFSET " + std::to_string(query.offset);
    done = ask(
        sql, "list the calls", [&](Stmt& statement) { where.bind(statement); },
        [&](const Stmt& row) {
            page.calls.push_back(read_call(row));
            return true;
        });
    if (!done.ok()) return done.fault();
    for (Call& call : page.calls) {
        Result<Event> found = event(call.delivery.event);
        if (found.ok())
            call.event = std::move(found).value();
        else if (found.fault().code != Code::not_found)
            return found.fault();
        // Of several changes in one it carried what was before the first.
        if (const int64_t first = call.delivery.first_event; first != 0 && call.event.number != 0) {
            Result<Event> opened = event(first);
            if (!opened.ok() && opened.fault().code != Code::not_found) return opened.fault();
            call.event.previous = opened.ok() ? std::move(opened.value().previous) : nullptr;
        }
        const int64_t number = call.delivery.subscription;
        Result<SubscriptionRow> row = subscription(number);
        if (row.ok())
            call.subscription = std::move(row).value();
        else if (row.fault().code != Code::not_found)
            return row.fault();
    }
    return page;
}

// A step through the index for each of them, not a look at every delivery.
Result<std::vector<int64_t>> SqliteReader::waiting_subscriptions() {
    std::vector<int64_t> numbers;
    int64_t after = -1;
    while (true) {
        int64_t next = -1;
        Result<void> done = ask(
            "SELECT subscription FROM deliveries INDEXED BY deliveries_open WHERE state = 0 AND subscription > ? ORDER "
            "BY "
            "subscription LIMIT 1",
            "read who waits", [after](Stmt& statement) { statement.bind(1, after); },
            [&](const Stmt& row) {
                next = row.number(0);
                return true;
            });
        if (!done.ok()) return done.fault();
        if (next < 0) return numbers;
        numbers.push_back(next);
        after = next;
    }
}

}  // namespace trot
