#include "manage/datocms/webhook.h"

#include "crypto/hmac.h"
#include "dialect/style.h"
#include "manage/datocms/events.h"
#include "manage/sent.h"

namespace trot::datocms {
namespace {

json_t* text_or_null(const json_t* document, const char* member) {
    json_t* value = json_object_get(document, member);
    return json_is_string(value) ? json_incref(value) : json_null();
}

json_t* flag(const json_t* document, const char* member) {
    return json_boolean(json_is_true(json_object_get(document, member)));
}

// "Basic dXNlcjpwYXNz" → "pass". A user's name has no colon.
std::string password_in(std::string_view authorization) {
    const Result<std::string> pair = unbase64(authorization.substr(std::min<size_t>(authorization.size(), 6)));
    return pair ? pair.value().substr(pair.value().find(':') + 1) : std::string();
}

json_t* headers_of(const Subscription& settings, bool content_type) {
    json_t* out = json_object();
    for (const Field& header : settings.headers) json_object_set_new(out, header.name.c_str(), json_of(header.value));
    if (content_type) json_object_set_new(out, "Content-Type", json_of(option(settings.options, "content_type", "")));
    return out;
}

}  // namespace

Result<Json> show_webhook(const ManagedRow& row, const Plan& plan, int version) {
    const Result<Json> kept = parse_json(row.document);
    if (!kept) return Fault{Code::damaged, "a webhook's document is no JSON"};
    const Result<Subscription> settings = settings_of(row, plan);
    if (!settings) return settings.fault();
    const json_t* document = kept.value().get();
    json_t* attributes = json_object();
    const auto put = [attributes](const char* name, json_t* value) { json_object_set_new(attributes, name, value); };
    put("name", json_of(row.title));
    put("url", json_of(settings.value().url.text));
    put("http_basic_user", text_or_null(document, "http_basic_user"));
    put("http_basic_password", json_is_true(json_object_get(document, "has_password"))
                                   ? json_of(password_in(settings.value().authorization.reveal()))
                                   : json_null());
    put("headers", headers_of(settings.value(), json_is_true(json_object_get(document, "own_content_type"))));
    put("events", events_for(json_object_get(document, "events"), version).release());
    if (version >= 3) {
        const std::vector<std::string>* custom = option_values(settings.value().options, "custom_payload");
        put("custom_payload", custom != nullptr ? json_of(custom->front()) : json_null());
        put("enabled", json_boolean(row.row.state == SubscriptionState::active));
        put("payload_api_version", json_of(option(settings.value().options, "version", "3")));
        put("nested_items_in_payload", flag(document, "nested_items_in_payload"));
        put("auto_retry", flag(document, "auto_retry"));
    }
    json_object_update_missing(attributes, json_object_get(document, "more"));
    Json out(json_object());
    json_object_set_new(out.get(), "type", json_string("webhook"));
    json_object_set_new(out.get(), "id", json_of(row.row.name));
    json_object_set_new(out.get(), "attributes", attributes);
    return out;
}

}  // namespace trot::datocms
