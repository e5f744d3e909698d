#include "manage/steering.h"

#include <fmt/format.h>

#include "crypto/hmac.h"
#include "crypto/ids.h"
#include "json/pointer.h"
#include "manage/state_name.h"

namespace trot {
namespace {

constexpr std::string_view file_prefix = "file";
constexpr uint64_t most_counted = 100000;  // of what waits: "100000" is that many or more
constexpr int64_t disabling_ms = 60000;    // between an event and the note that its subscription is disabled
constexpr std::string_view test_topic = "trotline.test";

Result<SubscriptionRow> subscription_row(Registry& registry, const std::string& label) {
    const Result<Reader*> reader = registry.reader();
    if (!reader) return reader.fault();
    const Result<int64_t> number = reader.value()->subscription_number(label);
    if (!number) return number.fault();
    const Result<std::vector<SubscriptionRow>> files = reader.value()->subscriptions();
    if (!files) return files.fault();
    for (const SubscriptionRow& row : files.value())
        if (row.number == number.value()) return row;
    Result<ManagedRow> managed = reader.value()->managed(number.value());
    if (!managed) return managed.fault();
    return std::move(managed.value().row);
}

std::string standing(const SubscriptionRow& row) {
    return fmt::format("{}{}{}", state_name(row.state), row.reason.empty() ? "" : ": ", row.reason);
}

void tell(Log* log, const std::string& what, const std::string& by) {
    if (log != nullptr) log->write(Level::notice, fmt::format("admin: subscription {} by {}", what, by));
}

// What `resume` cannot change, and what would.
Result<void> may_be_resumed(const std::string& label, const SubscriptionRow& row) {
    if (row.state != SubscriptionState::paused || row.reason == paused_by_operator || row.reason == paused_by_api)
        return {};
    if (row.origin == file_prefix)
        return Fault{Code::refused,
                     fmt::format("\"{}\" is {}: take `paused = true` out there and reload", label, row.reason)};
    return Fault{Code::refused, fmt::format("\"{}\" {}: its API asks for that again", label, row.reason)};
}

Result<ActAnswer> set_state(Registry& registry, const std::string& label, SubscriptionState to, const std::string& by,
                            Log* log) {
    const Result<SubscriptionRow> row = subscription_row(registry, label);
    if (!row) return row.fault();
    const SubscriptionRow& was = row.value();
    const bool resumes = to == SubscriptionState::active;
    if (!resumes && was.state == SubscriptionState::disabled)
        return Fault{Code::refused, fmt::format("\"{}\" is {}; nothing goes out as it is", label, standing(was))};
    if (const Result<void> may = resumes ? may_be_resumed(label, was) : Result<void>(); !may) return may.fault();
    const bool changes = was.state != to;
    if (changes) {
        Change change;
        change.kind = Change::Kind::steer;
        change.managed.row = was;
        change.to = to;
        if (Result<void> done = registry.apply(change); !done) return done.fault();
        tell(log, fmt::format("{} is {} (it was {})", label, resumes ? "resumed" : "paused", standing(was)), by);
    }
    const Result<uint64_t> waiting = (*registry.reader().value()).pending(was.number, most_counted);
    if (!waiting) return waiting.fault();
    // While it was disabled, or its API paused it, events made no deliveries.
    const bool missed = changes && resumes && was.reason != paused_by_operator;
    return ActAnswer{
        200, fmt::format("{{\"subscription\":{},\"state\":\"{}\",\"was\":\"{}\",\"reason\":{},\"changed\":{},"
                         "\"pending\":{},\"missed_since\":{}}}\n",
                         json_quote(label), state_name(to), state_name(was.state), json_quote(was.reason), changes,
                         waiting.value(), missed ? json_quote(rfc3339(was.changed_ms - disabling_ms)) : "null")};
}

OneOff test_of(const std::string& label, std::string_view topic) {
    const size_t dot = topic.rfind('.');
    OneOff out;
    out.event.topic = topic;
    out.event.resource = topic.substr(0, dot);
    out.event.action = dot == std::string_view::npos ? std::string_view() : topic.substr(dot + 1);
    out.event.resource_id = "test";
    out.event.hook = test_hook;
    out.event.capture = random_bytes(16);
    out.event.payload = std::make_shared<const std::string>(fmt::format(
        "{{\"id\":\"test\",\"test\":true,\"subscription\":{},\"message\":\"a test by hand, nothing has happened\"}}",
        json_quote(label)));
    return out;
}

Result<ActAnswer> send_test(Registry& registry, const ActRequest& request, const std::string& by, Log* log) {
    const std::string& label = request.subscription;
    const std::string_view topic = request.filter.topic.empty() ? test_topic : std::string_view(request.filter.topic);
    if (topic.find_first_of("*,") != std::string_view::npos)
        return Fault{Code::usage, "\"topic\" must be one topic, like \"order.created\": an event has no pattern"};
    const Result<SubscriptionRow> row = subscription_row(registry, label);
    if (!row) return row.fault();
    if (row.value().state != SubscriptionState::active)
        return Fault{Code::refused, fmt::format("\"{}\" is {}: nothing goes out until it is active again; `trotline "
                                                "resume {}`",
                                                label, standing(row.value()), label)};
    Change change;
    change.kind = Change::Kind::send;
    change.managed.row = row.value();
    change.one_off = test_of(label, topic);
    if (Result<void> done = registry.apply(change); !done) return done.fault();
    const std::string delivery = spell_id(delivery_prefix, change.delivery);
    tell(log, fmt::format("{} gets a test, {},", label, delivery), by);
    return ActAnswer{202, fmt::format("{{\"subscription\":{},\"topic\":{},\"delivery\":\"{}\"}}\n", json_quote(label),
                                      json_quote(topic), delivery)};
}

}  // namespace

bool is_steering(std::string_view what) { return what == "pause" || what == "resume" || what == "send-test"; }

Result<ActAnswer> steer(Registry& registry, const ActRequest& request, const std::string& by, Log* log) {
    if (request.kind == "send-test") return send_test(registry, request, by, log);
    return set_state(registry, request.subscription,
                     request.kind == "resume" ? SubscriptionState::active : SubscriptionState::paused, by, log);
}

}  // namespace trot
