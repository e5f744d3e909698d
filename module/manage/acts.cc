#include "manage/acts.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/ids.h"
#include "json/pointer.h"
#include "manage/act_request.h"
#include "manage/steering.h"
#include "plan/plan.h"
#include "store/task_filter.h"

namespace trot {
namespace {

constexpr int64_t clock_slack_ms = 60000;  // an event's number is of when it was written: a little after it happened
constexpr size_t count_window = 20000;
constexpr size_t count_page = 5000;

bool of_deliveries(const ActRequest& request) { return request.kind == "redeliver" || request.kind == "cancel"; }

// Where the task begins and ends; 0: at the newest there is.
void set_range(const ActRequest& request, TaskRow& task) {
    const TaskFilter& filter = request.filter;
    if (filter.since_ms > 0) task.at_event = std::max<int64_t>(0, id_floor(filter.since_ms - clock_slack_ms));
    if (filter.delivery > 0) {
        task.at_event = filter.delivery - 1;
        task.until_event = filter.delivery;
    } else if (filter.event > 0 && !of_deliveries(request)) {
        task.at_event = filter.event - 1;
        task.until_event = filter.event;
    } else if (filter.event > 0) {
        task.at_event = filter.event;  // a delivery's number is greater than its event's
    }
}

Result<uint64_t> count_deliveries(Reader& reader, const ActRequest& request, const TaskRow& task) {
    Filter newest;
    newest.limit = 1;
    const auto last = reader.list_deliveries(newest);
    if (!last) return last.fault();
    if (last.value().empty()) return uint64_t{0};
    const int64_t until = task.until_event > 0 ? task.until_event : last.value().front().delivery.number;
    uint64_t count = 0;
    for (int64_t at = task.at_event; at < until;) {
        int64_t to = until;
        const auto picked = reader.pick_deliveries(request.filter, task.subscription, at, until, count_window, to);
        if (!picked) return picked.fault();
        count +=
            static_cast<uint64_t>(std::count_if(picked.value().begin(), picked.value().end(), [&](const Delivery& one) {
                const bool waits = one.state == DeliveryState::gathering || one.state == DeliveryState::queued;
                return request.kind == "cancel" ? waits || one.state == DeliveryState::pending : !waits;
            }));
        at = to;
    }
    return count;
}

Result<std::string> topics_of(Reader& reader, int64_t subscription) {
    const auto files = reader.subscriptions();
    if (!files) return files.fault();
    for (const SubscriptionRow& row : files.value())
        if (row.number == subscription) return row.topics;
    const Result<ManagedRow> managed = reader.managed(subscription);
    if (!managed) return managed.fault();
    return managed.value().row.topics;
}

bool asks_for(std::string_view topics, std::string_view topic) {
    while (!topics.empty()) {
        const size_t comma = std::min(topics.find(','), topics.size());
        if (topic_matches(topics.substr(0, comma), topic)) return true;
        topics.remove_prefix(std::min(comma + 1, topics.size()));
    }
    return false;
}

// Those that its topics ask for; what its conditions say is seen when they are made.
Result<uint64_t> count_events(Reader& reader, const ActRequest& request, const TaskRow& task) {
    const Result<std::string> topics = topics_of(reader, task.subscription);
    if (!topics) return topics.fault();
    Filter filter;
    filter.topic = request.filter.topic;
    filter.event = request.filter.event;
    filter.since_ms = request.filter.since_ms;
    filter.until_ms = request.filter.until_ms;
    filter.after = task.at_event;
    filter.oldest_first = true;
    filter.limit = count_page;
    uint64_t count = 0;
    for (;;) {
        const auto page = reader.list_events(filter);
        if (!page) return page.fault();
        for (const Event& event : page.value())
            if ((event.flags & (event_private | event_quarantined)) == 0 && asks_for(topics.value(), event.topic))
                ++count;
        if (page.value().size() < filter.limit) return count;
        filter.after = page.value().back().number;
    }
}

Result<void> exists(Reader& reader, const TaskFilter& filter) {
    if (filter.delivery > 0) {
        Filter one;
        one.delivery = filter.delivery;
        const auto found = reader.list_deliveries(one);
        if (!found) return found.fault();
        if (found.value().empty())
            return Fault{Code::not_found, "there is no delivery " + spell_id(delivery_prefix, filter.delivery) +
                                              " (retention may have removed it)"};
    }
    if (filter.event > 0)
        if (const Result<Event> event = reader.event(filter.event); !event) return event.fault();
    return {};
}

Result<ActAnswer> end_task(Registry& registry, int64_t number, const std::string& by, Log* log) {
    const Result<bool> ended = registry.end_task(number);
    if (!ended) return ended.fault();
    if (!ended.value())
        return Fault{Code::not_found, fmt::format("there is no task {}; it may have ended meanwhile", number)};
    if (log != nullptr) log->write(Level::notice, fmt::format("admin: task {} was cancelled by {}", number, by));
    return ActAnswer{200, fmt::format("{{\"task\":{},\"cancelled\":true}}\n", number)};
}

Result<ActAnswer> count(Reader& reader, const ActRequest& request, const TaskRow& task) {
    const Result<uint64_t> found =
        of_deliveries(request) ? count_deliveries(reader, request, task) : count_events(reader, request, task);
    if (!found) return found.fault();
    return ActAnswer{200, fmt::format("{{\"dry_run\":true,\"kind\":\"{}\",\"{}\":{}}}\n", request.kind,
                                      of_deliveries(request) ? "deliveries" : "at_most", found.value())};
}

}  // namespace

bool is_act(std::string_view what) {
    return what == "redeliver" || what == "backfill" || what == "cancel" || is_steering(what);
}

Result<ActAnswer> carry_out(Registry& registry, std::string_view what, std::string_view json, const std::string& by,
                            Log* log) {
    if (!is_act(what))
        return Fault{Code::usage, fmt::format("\"{}\" cannot be done; there are redeliver, backfill, cancel, pause, "
                                              "resume and send-test",
                                              what)};
    Result<ActRequest> request = read_act(what, json, system_clock().wall_ms());
    if (!request) return request.fault();
    if (is_steering(what)) return steer(registry, request.value(), by, log);
    if (request.value().end_task > 0) return end_task(registry, request.value().end_task, by, log);
    const Result<Reader*> reader = registry.reader();
    if (!reader) return reader.fault();
    if (const Result<void> there = exists(*reader.value(), request.value().filter); !there) return there.fault();
    TaskRow task;
    task.kind = request.value().kind;
    if (!request.value().subscription.empty()) {
        const Result<int64_t> number = reader.value()->subscription_number(request.value().subscription);
        if (!number) return number.fault();
        task.subscription = number.value();
    }
    set_range(request.value(), task);
    if (request.value().dry_run) return count(*reader.value(), request.value(), task);
    request.value().filter.by = by;
    task.filter = spell_task_filter(request.value().filter);
    if (Result<void> added = registry.add_task(task); !added) return added.fault();
    if (log != nullptr)
        log->write(Level::notice,
                   fmt::format("admin: task {}: {} {}{} asked for by {}", task.number, task.kind, task.filter,
                               task.subscription != 0 ? " of " + request.value().subscription : std::string(), by));
    return ActAnswer{202, fmt::format("{{\"task\":{},\"kind\":\"{}\"}}\n",
                                      task.number > 0 ? std::to_string(task.number) : "null", task.kind)};
}

}  // namespace trot
