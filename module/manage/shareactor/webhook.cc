#include "manage/shareactor/webhook.h"

#include <algorithm>
#include <array>

#include "manage/shareactor/ids.h"

namespace trot::shareactor {
namespace {

// What it shows, in this order; `modified` and `id` are other names of `updated` and `_id`.
constexpr std::array<std::string_view, 12> attributes = {"_id",     "id",       "company",    "created",
                                                         "updated", "modified", "event_type", "deleted",
                                                         "secret",  "endpoint", "verified",   "active"};

// An object in any case: these texts are ours, and what cannot be read has nothing to say.
Json object_of(const std::string& text) {
    Result<Json> parsed = parse_json(text);
    return parsed && json_is_object(parsed.value().get()) ? std::move(parsed).value() : Json(json_object());
}

void change_document(ManagedRow& managed, const char* member, json_t* value) {
    const Json document = object_of(managed.document);
    json_object_set_new(document.get(), member, value);
    managed.document = spell_json(document.get());
}

}  // namespace

Standing standing_of(const ManagedRow& managed) {
    const SubscriptionRow& row = managed.row;
    if (row.state == SubscriptionState::active) return {true, true};
    if (is_unconfirmed(managed)) return {false, true};
    if (row.state != SubscriptionState::paused || row.reason != paused_by_api) return {false, false};
    const Json document = object_of(managed.document);
    return {json_is_true(json_object_get(document.get(), "verified")), false};
}

void set_standing(ManagedRow& managed, Standing standing, bool handshake) {
    SubscriptionRow& row = managed.row;
    standing.verified = standing.verified || !handshake;
    change_document(managed, "verified", json_boolean(standing.verified));
    if (standing.active && standing.verified) {
        if (row.state != SubscriptionState::active) row.failures = 0;
        row.state = SubscriptionState::active;
        row.reason.clear();
        return;
    }
    row.state = SubscriptionState::paused;
    row.reason = standing.active ? unconfirmed : paused_by_api;
}

bool is_unconfirmed(const ManagedRow& managed) {
    return managed.row.state == SubscriptionState::paused && managed.row.reason == unconfirmed;
}

Json more_of(const ManagedRow& managed) {
    const Json document = object_of(managed.document);
    json_t* more = json_object_get(document.get(), "more");
    return Json(json_is_object(more) ? json_incref(more) : json_object());
}

void set_more(ManagedRow& managed, const json_t* more) { change_document(managed, "more", json_deep_copy(more)); }

bool is_known(std::string_view attribute) {
    return std::find(attributes.begin(), attributes.end(), attribute) != attributes.end();
}

std::string secret_of(const ManagedRow& managed) {
    const Json settings = object_of(managed.settings);
    const json_t* secret = json_array_get(json_object_get(settings.get(), "secrets"), 0);
    return json_is_string(secret) ? json_string_value(secret) : "";
}

Json show(const ManagedRow& managed, const ApiConfig& api, bool deleted) {
    const Json settings = object_of(managed.settings);
    const Standing standing = standing_of(managed);
    Json out(json_object());
    put_own_id(out.get(), managed.row.name, api);
    put_id(out.get(), "company", api.tenant, api);
    put_date(out.get(), "created", managed.row.created_ms, api);
    put_date(out.get(), "updated", managed.row.changed_ms, api);
    json_object_set_new(out.get(), "event_type", json_of(managed.title));
    json_object_set_new(out.get(), "deleted", json_boolean(deleted));
    json_object_set_new(out.get(), "secret", json_of(secret_of(managed)));
    json_object_set_new(out.get(), "endpoint", json_of(text_of(settings.get(), "url")));
    json_object_set_new(out.get(), "verified", json_boolean(standing.verified));
    json_object_set_new(out.get(), "active", json_boolean(standing.active));
    const Json more = more_of(managed);
    json_object_update_missing(out.get(), more.get());
    return out;
}

}  // namespace trot::shareactor
