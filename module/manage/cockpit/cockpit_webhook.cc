#include "manage/cockpit/cockpit_webhook.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/hmac.h"
#include "manage/cockpit/cockpit_fields.h"
#include "manage/intake.h"
#include "manage/sent.h"

namespace trot::cockpit {
namespace {

constexpr const char* kept = "cockpit";                 // in the settings: {"auth":…,"headers":…} as sent
constexpr const char* secrets[] = {"auth", "headers"};  // in the document their places only
constexpr const char* ours[] = {"_modified", "_created", "_id"};

// The client's object: the document with what lies in the settings back in its place.
Json stored(const ManagedRow& managed) {
    Result<Json> document = parse_json(managed.document);
    Json webhook = document ? std::move(document).value() : Json(json_object());
    const Result<Json> settings = parse_json(managed.settings);
    if (!settings) return webhook;
    const json_t* all = settings.value().get();
    json_object_set_new(webhook.get(), "url", json_of(text_of(all, "url")));
    json_object_update(webhook.get(), json_object_get(all, kept));
    return webhook;
}

// As MongoDB makes them: the time, then what tells them apart.
std::string new_id(int64_t now_ms) {
    return fmt::format("{:08x}", static_cast<uint32_t>(now_ms / 1000)) + hex(random_bytes(8));
}

// Cockpit delivers what is active and has an event. What the dispatcher disabled begins again when the client says
// `active` anew; what an operator paused stays paused.
void set_state(SubscriptionRow& row, bool delivers, bool said) {
    const bool by_operator = row.state == SubscriptionState::paused && row.reason != paused_by_api;
    const bool disabled = row.state == SubscriptionState::disabled;
    if (by_operator || (disabled && delivers && !said)) return;
    row.state = delivers ? SubscriptionState::active : SubscriptionState::paused;
    row.reason = delivers ? "" : paused_by_api;
    if (disabled) row.failures = 0;
}

// The document without secrets; they go into the settings.
Result<void> keep(const Json& webhook, ManagedRow& managed) {
    const Result<Json> settings = parse_json(managed.settings);
    if (!settings) return settings.fault();
    json_t* hidden = json_object();
    for (const char* name : secrets)
        if (json_t* value = json_object_get(webhook.get(), name)) {
            json_object_set(hidden, name, value);
            json_object_set_new(webhook.get(), name, json_null());
        }
    json_object_set_new(webhook.get(), "url", json_null());
    json_object_set_new(settings.value().get(), kept, hidden);
    managed.settings = spell_json(settings.value().get());
    managed.document = spell_json(webhook.get());
    return {};
}

Result<Subscription> settings_for(const json_t* webhook, const ApiConfig& api, const ApiWorld& world) {
    Subscription settings = new_settings(api, "cockpit");
    const Result<std::string> url = read_url(webhook);
    if (!url) return url.fault();
    Result<CheckedUrl> checked = take_url(url.value(), api, world);
    if (!checked) return Fault{Code::usage, "url is refused: " + checked.fault().text};
    settings.url = std::move(checked).value();
    Result<Secret> authorization = read_auth(webhook);
    if (!authorization) return authorization.fault();
    settings.authorization = std::move(authorization).value();
    Result<Fields> headers = read_headers(webhook);
    if (!headers) return headers.fault();
    settings.headers = std::move(headers).value();
    if (!settings.authorization.empty() && find_field(settings.headers, "Authorization") != nullptr)
        return Fault{Code::usage, "auth and a header Authorization are two for one, remove one"};
    Result<std::vector<std::string>> events = read_events(webhook);
    if (!events) return events.fault();
    settings.topics = std::move(events).value();
    return settings;
}

}  // namespace

bool is_id(std::string_view text) {
    return text.size() == 24 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Json blank_webhook() {
    return Json(json_pack("{s:s,s:s,s:{s:s,s:s},s:[],s:[],s:b}", "name", "", "url", "", "auth", "user", "", "pass", "",
                          "headers", "events", "active", 1));
}

Json show_webhook(const ManagedRow& managed) {
    Json webhook = stored(managed);
    // Whoever looks at a webhook that was disabled must not read that it is active.
    if (managed.row.state == SubscriptionState::disabled) json_object_set_new(webhook.get(), "active", json_false());
    json_object_set_new(webhook.get(), "_modified", json_integer(managed.row.changed_ms / 1000));
    json_object_set_new(webhook.get(), "_created", json_integer(managed.row.created_ms / 1000));
    json_object_set_new(webhook.get(), "_id", json_of(managed.row.name));
    return webhook;
}

Result<ManagedRow> save_webhook(const ManagedRow& before, const json_t* sent, const ApiConfig& api,
                                const ApiWorld& world) {
    const bool fresh = before.row.number == 0;
    const Json webhook = fresh ? Json(json_object()) : stored(before);
    json_object_update(webhook.get(), const_cast<json_t*>(sent));  // its members are shared, it stays as it is
    for (const char* name : ours) json_object_del(webhook.get(), name);
    Result<std::string> name = read_name(webhook.get());
    if (!name) return name.fault();
    const Result<bool> active = read_active(webhook.get());
    if (!active) return active.fault();
    Result<Subscription> settings = settings_for(webhook.get(), api, world);
    if (!settings) return settings.fault();
    json_object_set_new(webhook.get(), "active", json_boolean(active.value()));
    if (spell_json(webhook.get()).size() > most_document)
        return Fault{Code::usage, fmt::format("the webhook is larger than {} bytes", most_document)};

    ManagedRow managed = before;
    managed.title = std::move(name).value();
    if (fresh) managed.row.name = new_id(world.clock.wall_ms());
    const bool delivers = active.value() && !settings.value().topics.empty();
    set_state(managed.row, delivers, json_object_get(sent, "active") != nullptr);
    describe(managed, settings.value(), api);
    if (const Result<void> done = keep(webhook, managed); !done) return done.fault();
    return managed;
}

}  // namespace trot::cockpit
