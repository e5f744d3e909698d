#include "manage/sent.h"

#include <algorithm>

#include "crypto/ids.h"
#include "dialect/style.h"
#include "dialect/view.h"
#include "plan/subscription_json.h"
#include "url/check.h"

namespace trot {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ",") + word;
    return out;
}

// A line of `text` without its end; takes it off.
std::string_view next_line(std::string_view& text) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}

}  // namespace

Result<Sent> sent_request(const Call& call, const Subscription& settings, unsigned attempt, int64_t at_ms) {
    if (call.event.number == 0) return Fault{Code::not_found, "its event is older than what the store keeps"};
    const Style* style = find_style(call.delivery.format);
    if (style == nullptr) return Fault{Code::internal, "the delivery's format is unknown"};
    Recipient recipient{
        call.subscription.number, "", settings.url.text, style->options, settings.secrets, settings.authorization,
        call.subscription.name};
    recipient.name = settings.name;
    if (settings.format == style->format->name())
        for (FormatOption& live : live_options(*style->format, settings.options))
            recipient.options.push_back(std::move(live));
    const Result<std::unique_ptr<Renderer>> renderer = style->format->renderer(recipient);
    if (!renderer) return renderer.fault();
    const std::string event_id = spell_id(event_prefix, call.event.number);
    const std::string id = spell_id(delivery_prefix, call.delivery.number);
    DeliveryView view =
        delivery_view(call.event, id, call.delivery.number, call.subscription.number, std::max(1U, attempt), at_ms);
    view.sequence = call.delivery.sequence;
    Sent sent;
    const EventView event = view_of(call.event, event_id, event_opaque);
    const Result<std::string> url = renderer.value()->url(event, view);
    if (!url) return url.fault();
    sent.url = url.value().empty() ? settings.url.text : url.value();
    sent.body = renderer.value()->body(event, view);
    sent.headers = headers_of(*renderer.value(), view, sent.body, settings);
    std::erase_if(sent.headers, [](const Field& field) { return field.value.empty(); });
    return sent;
}

Answered answer_of(const Attempt& attempt) {
    Answered out;
    out.status = attempt.status;
    out.body = attempt.answer;
    out.message = attempt.error;
    std::string_view head = attempt.head;
    if (attempt.status == 0 || head.empty()) return out;
    // "HTTP/1.1 200 OK": the reason stands behind the second blank, and may be missing.
    const std::string_view first = next_line(head);
    const size_t code = first.find(' ');
    const size_t reason = code == std::string_view::npos ? code : first.find(' ', code + 1);
    if (reason != std::string_view::npos) out.message = first.substr(reason + 1);
    while (!head.empty()) {
        const std::string_view line = next_line(head);
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        out.headers.push_back({std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
    }
    return out;
}

Result<Subscription> settings_of(const ManagedRow& managed, const Plan& plan) {
    Result<Subscription> settings = read_settings(managed.settings, plan.egress.urls);
    if (!settings) return settings;
    settings.value().name = managed.title;
    settings.value().consent_origin = plan.delivery.consent_origin;  // goes with each delivery, and is shown with it
    return settings;
}

void describe(ManagedRow& managed, const Subscription& settings, const ApiConfig& api) {
    managed.row.origin = "api:" + api.name;
    managed.row.url = redacted_url(settings.url.text);
    managed.row.topics = joined(settings.topics);
    managed.row.format = spell_style(settings.format, settings.options);
    managed.row.filter = spell_selectors(settings.selectors);
    managed.settings = spell_settings(settings);
}

Subscription new_settings(const ApiConfig& api, std::string_view format) {
    Subscription out;
    out.format = format;
    if (format == api.dialect) out.options = api.options;
    const Format* known = find_format(format);
    const FormatPolicy policy = known != nullptr ? known->policy() : FormatPolicy();
    out.schedule_ms = policy.schedule_ms.empty() ? default_schedule() : policy.schedule_ms;
    out.timeout_ms = policy.timeout_ms;
    out.connect_timeout_ms = policy.connect_timeout_ms;
    out.disable_after = policy.disable_after;
    return out;
}

}  // namespace trot
