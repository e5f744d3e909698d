// Rows of the tables as values: the one place that knows the order of the columns in a SELECT.
// Callers: reader, lists, tx. Threads: the statement's.
#pragma once

#include "store/sqlite.h"
#include "store/store.h"

namespace trot {

inline constexpr const char* event_columns =
    "number, topic, resource, resource_id, action, hook, at_ms, flags, method, path, status, capture, item";
inline constexpr const char* delivery_columns =
    "d.number, d.event, d.subscription, d.format, d.state, d.due_ms, d.attempts, d.last_status, d.last_error, "
    "d.finished_ms, d.logged, d.lane, d.sequence, d.first_event, d.opened_ms, d.batch, d.shape, d.uncounted, d.deaths, "
    "d.task";
inline constexpr const char* subscription_columns =
    "number, name, origin, url, topics, format, state, reason, failures, created_ms, changed_ms, "
    "filter, since, generation, failing_ms";
inline constexpr const char* attempt_columns = "delivery, number, at_ms, duration_ms, status, error, answer, head";

// A subscription's name for people: "warehouse", or "shop/17" where an API made it. Table s.
inline constexpr const char* subscription_label =
    "CASE WHEN s.origin = 'file' THEN s.name ELSE substr(s.origin, instr(s.origin, ':') + 1) || '/' || s.name END";

inline constexpr int event_width = 13;  // payload, previous, context and origin follow when they are asked for
inline constexpr int delivery_width = 20;
inline constexpr int subscription_width = 15;

Event read_event(const Stmt& row, bool with_payload);
Delivery read_delivery(const Stmt& row);
Attempt read_attempt(const Stmt& row);
HydrationRow read_hydration(const Stmt& row);
SubscriptionRow read_subscription(const Stmt& row);
// Its first eleven columns: those that every subscription has. The row must live until the statement is reset.
Stmt& bind_subscription(Stmt& statement, const SubscriptionRow& row);

}  // namespace trot
