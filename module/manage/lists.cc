#include "manage/lists.h"

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/ids.h"
#include "json/pointer.h"
#include "manage/filter.h"
#include "manage/state_name.h"

namespace trot {
namespace {

constexpr int64_t recent_ms = 3600000;  // of dead letters: "dead_last_hour"

std::string_view name_of(DeliveryState state) {
    switch (state) {
        case DeliveryState::pending:
            return "pending";
        case DeliveryState::delivered:
            return "delivered";
        case DeliveryState::dead:
            return "dead";
        case DeliveryState::cancelled:
            return "cancelled";
        case DeliveryState::gathering:
            return "gathering";
        case DeliveryState::queued:
            return "queued";
    }
    return "unknown";
}

std::string time_or_null(int64_t ms) { return ms > 0 ? json_quote(rfc3339(ms)) : "null"; }

std::string flag_names(uint32_t flags) {
    static constexpr std::pair<uint32_t, std::string_view> names[] = {
        {event_partial_answer, "partial"},        {event_truncated, "truncated"}, {event_opaque, "opaque"},
        {event_ambiguous_path, "ambiguous_path"}, {event_replayed, "replayed"},   {event_unmapped, "unmapped"},
        {event_unhydrated, "unhydrated"},         {event_hydrated, "hydrated"},   {event_owed, "awaits_hydration"},
        {event_quarantined, "quarantined"}};
    std::string out = "[";
    for (const auto& [bit, name] : names)
        if ((flags & bit) != 0) out += fmt::format("{}\"{}\"", out.size() > 1 ? "," : "", name);
    return out + "]";
}

// A JSON object being written, member by member.
class Line {
  public:
    Line& raw(std::string_view key, std::string_view json) {
        text_ += fmt::format("{}\"{}\":{}", text_.empty() ? "{" : ",", key, json);
        return *this;
    }
    Line& text(std::string_view key, std::string_view value) { return raw(key, json_quote(value)); }
    Line& number(std::string_view key, int64_t value) { return raw(key, std::to_string(value)); }
    Line& time(std::string_view key, int64_t ms) { return raw(key, time_or_null(ms)); }
    std::string end() const { return text_ + "}\n"; }

  private:
    std::string text_;
};

std::string line_of(const Event& event) {
    Line line;
    line.text("id", spell_id(event_prefix, event.number))
        .text("topic", event.topic)
        .text("resource", event.resource)
        .text("action", event.action)
        .text("resource_id", event.resource_id)
        .time("at", event.at_ms)
        .text("hook", event.hook)
        .text("method", event.method)
        .text("path", event.path)
        .number("status", event.status)
        .raw("flags", flag_names(event.flags));
    if (event.payload) {
        const bool opaque = (event.flags & event_opaque) != 0;
        line.raw("payload", opaque ? json_quote(*event.payload) : event.payload->empty() ? "null" : *event.payload);
    }
    if (event.context) line.raw("context", *event.context);
    return line.end();
}

std::string line_of(const DeliveryLine& row) {
    const Delivery& delivery = row.delivery;
    Line line;
    line.text("id", spell_id(delivery_prefix, delivery.number))
        .text("event", spell_id(event_prefix, delivery.event))
        .text("topic", row.topic)
        .text("resource_id", row.resource_id)
        .text("subscription", row.subscription)
        .text("format", delivery.format)
        .text("state", name_of(delivery.state))
        .number("attempts", delivery.attempts)
        .number("status", delivery.last_status)
        .text("error", delivery.last_error)
        .time("due", delivery.state == DeliveryState::pending || delivery.state == DeliveryState::gathering
                         ? delivery.due_ms
                         : 0)
        .time("finished", delivery.finished_ms)
        .time("event_at", row.event_at_ms);
    if (delivery.task != 0) line.number("task", delivery.task);
    if (delivery.deaths != 0) line.number("deaths", delivery.deaths);
    if (delivery.state == DeliveryState::dead) line.text("answer", row.answer);
    if (!delivery.lane.empty()) line.text("lane", delivery.lane);
    if (delivery.sequence > 0) line.number("sequence", delivery.sequence);
    if (delivery.first_event > 0) line.text("first_event", spell_id(event_prefix, delivery.first_event));
    if (delivery.batch > 0) line.text("batch", spell_id(batch_prefix, delivery.batch));
    return line.end();
}

std::string line_of(const Attempt& attempt) {
    return Line()
        .text("delivery", spell_id(delivery_prefix, attempt.delivery))
        .number("number", attempt.number)
        .time("at", attempt.at_ms)
        .number("duration_ms", attempt.duration_ms)
        .number("status", attempt.status)
        .text("error", attempt.error)
        .text("answer", attempt.answer)
        .end();
}

std::string line_of(const SubscriptionLine& full) {
    const SubscriptionRow& row = full.row;
    return Line()
        .text("id", spell_id(subscription_prefix, row.number))
        .text("name", row.name)
        .text("origin", row.origin)
        .text("url", row.url)
        .text("topics", row.topics)
        .text("format", row.format)
        .text("state", state_name(row.state))
        .text("reason", row.reason)
        .number("failures", row.failures)
        .time("failing_since", row.failing_ms)
        .number("pending", static_cast<int64_t>(full.pending))
        .number("gathering", static_cast<int64_t>(full.gathering))
        .number("queued", static_cast<int64_t>(full.queued))
        .number("delivered", static_cast<int64_t>(full.delivered))
        .number("dead", static_cast<int64_t>(full.dead))
        .time("oldest_pending", full.oldest_pending_ms)
        .time("created", row.created_ms)
        .time("changed", row.changed_ms)
        .end();
}

// The numbers of events and deliveries are times.
std::string line_of(const TaskRow& task, const std::string& subscription) {
    return Line()
        .number("task", task.number)
        .text("kind", task.kind)
        .text("subscription", subscription)
        .raw("filter", task.filter)
        .number("made", task.made)
        .time("at", task.at_event > 0 ? id_wall_ms(task.at_event) : 0)
        .time("until", id_wall_ms(task.until_event))
        .time("created", task.created_ms)
        .end();
}

Result<std::string> tasks_of(Reader& reader) {
    const auto tasks = reader.tasks();
    if (!tasks) return tasks.fault();
    std::string out;
    for (const TaskRow& task : tasks.value()) {
        const Result<std::string> name =
            task.subscription != 0 ? reader.subscription_label(task.subscription) : Result<std::string>(std::string());
        if (!name) return name.fault();
        out += line_of(task, name.value());
    }
    return out;
}

template <class Row>
Result<std::string> lines_of(const Result<std::vector<Row>>& rows) {
    if (!rows) return rows.fault();
    std::string out;
    for (const Row& row : rows.value()) out += line_of(row);
    return out;
}

Result<std::string> status_of(Reader& reader) {
    const Result<StoreStatus> status = reader.status();
    if (!status) return status.fault();
    const Result<DeadFigures> dead = reader.dead_figures(system_clock().wall_ms() - recent_ms);
    if (!dead) return dead.fault();
    const StoreStatus& now = status.value();
    return Line()
        .number("events", static_cast<int64_t>(now.events))
        .number("pending", static_cast<int64_t>(now.pending))
        .number("gathering", static_cast<int64_t>(now.gathering))
        .number("queued", static_cast<int64_t>(now.queued))
        .number("unexpanded", static_cast<int64_t>(now.unexpanded))
        .number("jobs", static_cast<int64_t>(now.jobs))
        .number("snapshots", static_cast<int64_t>(now.snapshots))
        .number("tasks", static_cast<int64_t>(now.tasks))
        .number("dead_last_hour", static_cast<int64_t>(dead.value().recent))
        .number("quarantined", static_cast<int64_t>(dead.value().quarantined))
        .text("cursor", spell_id(event_prefix, now.cursor))
        .text("last_event", spell_id(event_prefix, now.last_event))
        .number("file_bytes", static_cast<int64_t>(now.file_bytes))
        .number("wal_bytes", static_cast<int64_t>(now.wal_bytes))
        .number("schema_version", now.schema_version)
        .end();
}

}  // namespace

Result<std::string> list_json(Reader& reader, std::string_view what, std::string_view filter_text) {
    const Result<Filter> read = read_filter(what, filter_text);
    if (!read) return read.fault();
    const Filter& filter = read.value();
    if (what == "events") return lines_of(reader.list_events(filter));
    if (what == "deliveries") return lines_of(reader.list_deliveries(filter));
    if (what == "attempts") return lines_of(reader.list_attempts(filter));
    if (what == "subscriptions") return lines_of(reader.list_subscriptions());
    if (what == "status") return status_of(reader);
    if (what == "tasks") return tasks_of(reader);
    if (what == "event") {
        const Result<Event> event = reader.event(filter.event);
        if (!event) return event.fault();
        return line_of(event.value());
    }
    return Fault{
        Code::usage,
        fmt::format("no list \"{}\"; there are events, event, deliveries, attempts, subscriptions, tasks, status",
                    what)};
}

}  // namespace trot
