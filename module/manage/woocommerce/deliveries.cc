#include "manage/woocommerce/deliveries.h"

#include <fmt/format.h>

#include "crypto/ids.h"
#include "dialect/woocommerce_ping.h"
#include "manage/sent.h"
#include "manage/times.h"
#include "manage/woocommerce/params.h"
#include "manage/woocommerce/views.h"

namespace trot::woo {
namespace {

constexpr size_t most_shown = 25;

bool is_ping(const Call& call) {
    return std::string_view(call.delivery.format).substr(0, woocommerce_ping_name.size()) == woocommerce_ping_name;
}

// PHP's json_encode writes an empty array for an object without members.
json_t* or_empty(Json object) { return json_object_size(object.get()) == 0 ? json_array() : object.release(); }

// The two ids are numbers here, as the shop's log has them; `Accept`, which its HTTP client adds, is not in it.
json_t* request_headers(const Fields& headers) {
    Json out(json_object());
    for (const Field& field : headers) {
        if (equal_nocase(field.name, "Accept")) continue;
        const bool id = field.name == "X-WC-Webhook-ID" || field.name == "X-WC-Webhook-Delivery-ID";
        const std::optional<int64_t> number = id ? read_number(field.value) : std::nullopt;
        json_object_set_new(out.get(), field.name.c_str(), number ? json_integer(*number) : json_of(field.value));
    }
    return or_empty(std::move(out));
}

// Names in small letters; a header that came several times is a list.
json_t* response_headers(const Fields& headers) {
    Json out(json_object());
    for (const Field& field : headers) {
        const std::string name = lower(field.name);
        json_t* known = json_object_get(out.get(), name.c_str());
        if (known == nullptr) {
            set_text(out.get(), name, field.value);
            continue;
        }
        if (!json_is_array(known)) {
            json_t* list = json_array();
            json_array_append(list, known);
            json_object_set_new(out.get(), name.c_str(), list);
            known = list;
        }
        json_array_append_new(known, json_of(field.value));
    }
    return or_empty(std::move(out));
}

}  // namespace

Result<std::vector<Call>> list_deliveries(const Ask& ask, const ManagedRow& managed) {
    CallQuery query;
    query.api = ask.caller.api->name;
    query.subscription = managed.row.number;
    query.tried = true;
    query.limit = most_shown + 1;
    Result<CallPage> page = ask.world.registry.calls(query);
    if (!page) return page.fault();
    std::vector<Call> calls = std::move(page.value().calls);
    std::erase_if(calls, is_ping);
    if (calls.size() > most_shown) calls.resize(most_shown);
    return calls;
}

Result<Call> find_delivery(const Ask& ask, const ManagedRow& managed, const std::string& id) {
    const Fault unknown{Code::not_found, "there is no such delivery"};
    const std::optional<int64_t> number = read_number(id);
    if (!number || *number <= 0) return unknown;
    CallQuery query;
    query.api = ask.caller.api->name;
    query.subscription = managed.row.number;
    query.deliveries = of_short_id(*number);
    query.tried = true;
    Result<CallPage> page = ask.world.registry.calls(query);
    if (!page) return page.fault();
    for (Call& call : page.value().calls)
        if (!is_ping(call)) return std::move(call);
    return unknown;
}

Json view_delivery(const Ask& ask, const ManagedRow& managed, const Call& call, const std::string& base) {
    // A request that cannot be made again, because its event has gone, is shown without its bytes.
    Sent sent;
    sent.url = managed.row.url;
    if (const Result<Subscription> settings = settings_of(managed, ask.world.plan)) {
        sent.url = settings.value().url.text;
        Result<Sent> again = sent_request(call, settings.value(), call.attempt.number, call.attempt.at_ms);
        if (again) sent = std::move(again).value();
    }
    const Answered answered = answer_of(call.attempt);
    // What WordPress's HTTP client says when there is no answer.
    const std::string code = answered.status == 0 ? "http_request_failed" : std::to_string(answered.status);
    const int64_t id = short_id(call.delivery.number);
    Json out(json_object());
    json_object_set_new(out.get(), "id", json_integer(id));
    set_text(out.get(), "duration", fmt::format("{:.5f}", static_cast<double>(call.attempt.duration_ms) / 1000.0));
    set_text(out.get(), "summary", fmt::format("HTTP {} {}: {}", code, answered.message, answered.body));
    set_text(out.get(), "request_method", "POST");
    set_text(out.get(), "request_url", sent.url);
    json_object_set_new(out.get(), "request_headers", request_headers(sent.headers));
    set_text(out.get(), "request_body", sent.body);
    set_text(out.get(), "response_code", code);
    set_text(out.get(), "response_message", answered.message);
    json_object_set_new(out.get(), "response_headers", response_headers(answered.headers));
    set_text(out.get(), "response_body", answered.body);
    const std::string at = utc_seconds(call.attempt.at_ms);
    if (ask.place.family == Family::legacy) {
        set_text(out.get(), "created_at", at + "Z");
        return out;
    }
    set_text(out.get(), "date_created", at);
    if (ask.place.version > 1) set_text(out.get(), "date_created_gmt", at);
    json_t* links = json_object();
    json_object_set_new(links, "self", link_to(fmt::format("{}/deliveries/{}", base, id)));
    json_object_set_new(links, "collection", link_to(base + "/deliveries"));
    json_object_set_new(links, "up", link_to(base));
    json_object_set_new(out.get(), "_links", links);
    return out;
}

}  // namespace trot::woo
