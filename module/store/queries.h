// The questions that are asked often, as SQL: kept in one place so that a test can ask SQLite for the plan of each.
// Callers: reader, tests. Threads: constants and pure functions.
#pragma once

#include <functional>
#include <string>

#include "store/sqlite.h"
#include "store/store.h"

namespace trot {

inline constexpr const char* sql_cursor = "SELECT value FROM meta WHERE key = 'cursor'";
inline constexpr const char* sql_events_after =
    "SELECT number, topic, resource, resource_id, action, hook, at_ms, flags, method, path, status, capture, item, "
    "payload, previous, context, origin "
    "FROM events WHERE number > ? ORDER BY number LIMIT ?";
inline constexpr const char* sql_event =
    "SELECT number, topic, resource, resource_id, action, hook, at_ms, flags, method, path, status, capture, item, "
    "payload, previous, context, origin "
    "FROM events WHERE number = ?";
inline constexpr const char* sql_newest_event = "SELECT max(number) FROM events";
// `state = 0` is written out: only so may SQLite use the partial index. Two halves instead of `(due_ms, number) > (?3,
// ?4)`, for which it would use only due_ms: many deliveries of one millisecond would be read again for each page. It
// merges the halves in order.
inline constexpr const char* sql_due =
    "SELECT d.number, d.event, d.subscription, d.format, d.state, d.due_ms, d.attempts, d.last_status, d.last_error, "
    "d.finished_ms, d.logged, d.lane, d.sequence, d.first_event, d.opened_ms, d.batch, d.shape, d.uncounted, d.deaths, "
    "d.task "
    "FROM deliveries d INDEXED BY deliveries_open "
    "WHERE d.state = 0 AND d.subscription = ?1 AND d.due_ms = ?3 AND d.number > ?4 AND ?3 <= ?2 "
    "UNION ALL "
    "SELECT d.number, d.event, d.subscription, d.format, d.state, d.due_ms, d.attempts, d.last_status, d.last_error, "
    "d.finished_ms, d.logged, d.lane, d.sequence, d.first_event, d.opened_ms, d.batch, d.shape, d.uncounted, d.deaths, "
    "d.task "
    "FROM deliveries d INDEXED BY deliveries_open "
    "WHERE d.state = 0 AND d.subscription = ?1 AND d.due_ms > ?3 AND d.due_ms <= ?2 "
    "ORDER BY due_ms, number LIMIT ?5";
// 256 is event_owed. The flags are before the payload in its row: no overflow page is read for them.
inline constexpr const char* sql_hydrations =
    "SELECT event, target, pointer, tries, due_ms, "
    "ifnull((SELECT flags & 256 FROM events WHERE number = event), 0), "
    "EXISTS (SELECT 1 FROM deliveries d INDEXED BY deliveries_event WHERE d.event = hydrations.event AND d.state IN "
    "(0, 4, 5)), "
    "event <= (SELECT value FROM meta WHERE key = 'cursor') "
    "FROM hydrations WHERE event > ? ORDER BY event LIMIT ?";
inline constexpr const char* sql_members =
    "SELECT d.number, d.event, d.subscription, d.format, d.state, d.due_ms, d.attempts, d.last_status, d.last_error, "
    "d.finished_ms, d.logged, d.lane, d.sequence, d.first_event, d.opened_ms, d.batch, d.shape, d.uncounted, d.deaths "
    "FROM deliveries d INDEXED BY deliveries_batch WHERE d.batch = ? AND d.batch > 0 ORDER BY d.number";
// One step through its index for each subscription.
inline constexpr const char* sql_gathering =
    "SELECT subscription, due_ms FROM deliveries INDEXED BY deliveries_gathering WHERE state = 4 AND subscription > ? "
    "ORDER BY subscription, due_ms LIMIT 1";
// The same for each lane: not a look at everything that waits in it.
inline constexpr const char* sql_next_lane =
    "SELECT subscription, lane FROM deliveries INDEXED BY deliveries_lane WHERE lane IS NOT NULL AND finished_ms = 0 "
    "AND "
    "(subscription, lane) > (?, ?) ORDER BY subscription, lane LIMIT 1";
inline constexpr const char* sql_lane_head =
    "SELECT state FROM deliveries INDEXED BY deliveries_lane WHERE subscription = ? AND lane = ? AND finished_ms = 0 "
    "AND "
    "sequence > 0 ORDER BY number LIMIT 1";
inline constexpr const char* sql_next_due =
    "SELECT due_ms FROM deliveries INDEXED BY deliveries_open WHERE state = 0 AND subscription = ? ORDER BY due_ms "
    "LIMIT 1";

inline constexpr const char* sql_tasks =
    "SELECT number, kind, subscription, filter, at_event, until_event, made, created_ms FROM tasks ORDER BY number";

Result<int> state_number(const std::string& name);  // of a delivery; Code::usage

// A list's statement and the binding of its values.
struct ListQuery {
    std::string sql;
    std::function<void(Stmt&)> bind;  // the filter must live until the rows are read
};
Result<ListQuery> events_query(const Filter& filter);
Result<ListQuery> deliveries_query(const Filter& filter);
Result<ListQuery> attempts_query(const Filter& filter);

}  // namespace trot
