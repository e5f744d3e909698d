// Pages of events for management APIs.
#include "crypto/ids.h"
#include "store/reader.h"
#include "store/rows.h"
#include "store/where.h"

namespace trot {
namespace {

constexpr size_t most_payload = size_t{8} << 20;
// An event's number tells when it was written, a moment after it happened. One that came much later (a job's result,
// the spill file) is not in a list that ends between the two.
constexpr int64_t writing_ms = 60000;

void add_term(Where& where, const ContextTerm& term) {
    const std::string of_member =
        "FROM json_each(CAST(context AS TEXT)) WHERE key = ? AND type NOT IN ('null', 'object', 'array')";
    const std::string text = "CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(value AS TEXT) END";
    std::string condition = "(EXISTS (SELECT 1 " + of_member + " AND " + text + " IN (";
    std::vector<std::string> values{term.name};
    for (const std::string& value : term.values) {
        condition += values.size() == 1 ? "?" : ",?";
        values.push_back(value);
    }
    condition += "))";
    if (term.or_absent) {
        condition += " OR context IS NULL OR NOT EXISTS (SELECT 1 " + of_member + ")";
        values.push_back(term.name);
    }
    where.add(condition + ")", values);
}

Where where_of(const EventQuery& query, int64_t lowest) {
    Where where;
    where.add(query.number > 0 ? "number = ?" : "number >= ?", query.number > 0 ? query.number : lowest);
    where.add("flags & " + std::to_string(event_private) + " = 0");
    if (query.from_ms > 0) where.add("at_ms >= ?", query.from_ms);
    if (query.to_ms > 0) {
        where.add("number < ?", id_floor(query.to_ms + writing_ms));
        where.add("at_ms <= ?", query.to_ms);
    }
    if (!query.search.empty())
        where.add("(instr(topic, lower(?)) > 0 OR resource_id = ?)",
                  std::vector<std::string>{query.search, query.search});
    for (const ContextTerm& term : query.context) add_term(where, term);
    return where;
}

}  // namespace

Result<EventPage> SqliteReader::list_event_page(const EventQuery& query) {
    EventPage page;
    Where range;
    if (query.from_ms > 0) range.add("number >= ?", id_floor(query.from_ms));
    if (query.to_ms > 0) range.add("number < ?", id_floor(query.to_ms + writing_ms));
    int64_t lowest = 0;
    Result<void> done = ask(
        "SELECT min(number) FROM (SELECT number FROM events" + range.sql() + " ORDER BY number DESC LIMIT " +
            std::to_string(EventQuery::most) + ")",
        "look for the events", [&](Stmt& statement) { range.bind(statement); },
        [&](const Stmt& row) {
            lowest = row.number(0);
            return true;
        });
    if (!done.ok()) return done.fault();
    const Where where = where_of(query, lowest);
    done = ask(
        "SELECT count(*) FROM events" + where.sql(), "count the events",
        [&](Stmt& statement) { where.bind(statement); },
        [&](const Stmt& row) {
            page.total = static_cast<uint64_t>(row.number(0));
            return true;
        });
    if (!done.ok()) return done.fault();
    size_t bytes = 0;
    done = ask(
        std::string("SELECT ") + event_columns + ", payload, previous, context, origin FROM events" + where.sql() +
            " ORDER BY number" + (query.ascending ? "" : " DESC") + " LIMIT " + std::to_string(query.limit) +
            " OFFSET " + std::to_string(query.offset),
        "list the events", [&](Stmt& statement) { where.bind(statement); },
        [&](const Stmt& row) {
            const size_t more = row.text(event_width).size() + row.text(event_width + 1).size();
            const bool fits = page.events.empty() || bytes + more <= most_payload;
            page.events.push_back(read_event(row, fits));
            if (fits) bytes += more;
            return true;
        });
    if (!done.ok()) return done.fault();
    return page;
}

}  // namespace trot
