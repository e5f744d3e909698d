#include "store/queries.h"

#include <array>
#include <vector>

#include "store/rows.h"
#include "store/where.h"

namespace trot {
namespace {

constexpr std::array<std::string_view, 6> state_names = {"pending",   "delivered", "dead",
                                                         "cancelled", "gathering", "queued"};

ListQuery query_of(const Where& where, const std::string& select, const std::string& order, size_t limit) {
    return {select + where.sql() + order + " LIMIT " + std::to_string(limit),
            [where](Stmt& statement) { where.bind(statement); }};
}

std::string by_number(const Filter& filter, const char* column) {
    return std::string(" ORDER BY ") + column + (filter.oldest_first ? "" : " DESC");
}

}  // namespace

Result<int> state_number(const std::string& name) {
    for (size_t at = 0; at < state_names.size(); ++at)
        if (state_names[at] == name) return static_cast<int>(at);
    return Fault{
        Code::usage,
        "'" + name + "' is not a state of a delivery: pending, delivered, dead, cancelled, gathering or queued"};
}

Result<ListQuery> events_query(const Filter& filter) {
    Where where;
    if (filter.after > 0) where.add("number > ?", filter.after);
    if (filter.event > 0) where.add("number = ?", filter.event);
    where.topic("topic", filter.topic);
    if (filter.since_ms > 0) where.add("at_ms >= ?", filter.since_ms);
    if (filter.until_ms > 0) where.add("at_ms < ?", filter.until_ms);
    // An event has no state of its own: those of its deliveries are meant.
    if (!filter.state.empty()) {
        const Result<int> state = state_number(filter.state);
        if (!state.ok()) return state.fault();
        where.add("EXISTS (SELECT 1 FROM deliveries d WHERE d.event = events.number AND d.state = ?)", state.value());
    }
    if (!filter.subscription.empty())
        where.add(std::string("EXISTS (SELECT 1 FROM deliveries d JOIN subscriptions s ON s.number = d.subscription "
                              "WHERE d.event = events.number AND ") +
                      subscription_label + " = ?)",
                  filter.subscription);
    return query_of(where, std::string("SELECT ") + event_columns + " FROM events", by_number(filter, "number"),
                    filter.limit);
}

Result<ListQuery> deliveries_query(const Filter& filter) {
    Where where;
    if (filter.after > 0) where.add("d.number > ?", filter.after);
    if (filter.delivery > 0) where.add("d.number = ?", filter.delivery);
    if (filter.event > 0) where.add("d.event = ?", filter.event);
    where.topic("e.topic", filter.topic);
    if (filter.since_ms > 0) where.add("e.at_ms >= ?", filter.since_ms);
    if (filter.until_ms > 0) where.add("e.at_ms < ?", filter.until_ms);
    if (!filter.state.empty()) {
        const Result<int> state = state_number(filter.state);
        if (!state.ok()) return state.fault();
        // The few dead ones come from their index; for the others the table itself, which is in the list's order, is
        // quicker ("+": no index for this term).
        const bool by_index = filter.state == "dead" && filter.event == 0;
        where.add((by_index ? "d.state = " : "+d.state = ") + std::to_string(state.value()));
    }
    if (!filter.subscription.empty())
        where.add(
            std::string("d.subscription IN (SELECT number FROM subscriptions s WHERE ") + subscription_label + " = ?)",
            filter.subscription);
    // What was wrong with those that were given up is seen in the last answer.
    const std::string answer =
        filter.state == "dead"
            ? "(SELECT a.answer FROM attempts a WHERE a.delivery = d.number AND a.number = d.attempts) "
            : "NULL ";
    return query_of(
        where,
        std::string("SELECT ") + delivery_columns + ", ifnull(e.topic, ''), ifnull(" + subscription_label +
            ", ''), ifnull(e.resource_id, ''), ifnull(e.at_ms, 0), " + answer +
            "FROM deliveries d LEFT JOIN events e ON e.number = d.event LEFT JOIN subscriptions s ON s.number = "
            "d.subscription",
        by_number(filter, "d.number"), filter.limit);
}

Result<ListQuery> attempts_query(const Filter& filter) {
    Where where;
    if (filter.delivery > 0) where.add("delivery = ?", filter.delivery);
    if (filter.event > 0) where.add("delivery IN (SELECT number FROM deliveries WHERE event = ?)", filter.event);
    if (filter.after > 0) where.add("delivery > ?", filter.after);
    const std::string order =
        filter.oldest_first ? " ORDER BY delivery, number" : " ORDER BY delivery DESC, number DESC";
    return query_of(where, std::string("SELECT ") + attempt_columns + " FROM attempts", order, filter.limit);
}

}  // namespace trot
