#include "manage/woocommerce/views.h"

#include <algorithm>

#include "manage/sent.h"
#include "manage/times.h"
#include "manage/woocommerce/params.h"
#include "manage/woocommerce/topics.h"

namespace trot::woo {
namespace {

std::string_view status_of(const SubscriptionRow& row) {
    switch (row.state) {
        case SubscriptionState::active:
            return "active";
        case SubscriptionState::paused:
            return "paused";
        default:
            return "disabled";
    }
}

void set_times(json_t* out, const SubscriptionRow& row, const View& view) {
    const std::string created = utc_seconds(row.created_ms);
    const std::string changed = utc_seconds(row.changed_ms);
    if (view.family == Family::legacy) {
        set_text(out, "created_at", created + "Z");
        set_text(out, "updated_at", changed + "Z");
        return;
    }
    // A proxy does not know the site's time zone: both spellings are UTC. Version 1 has one of them.
    const auto modified = [&] { return view.created ? json_null() : json_of(changed); };
    set_text(out, "date_created", created);
    if (view.version > 1) set_text(out, "date_created_gmt", created);
    json_object_set_new(out, "date_modified", modified());
    if (view.version > 1) json_object_set_new(out, "date_modified_gmt", modified());
}

// The part of `value` that the dotted names stand for.
Json keep_members(const json_t* value, const std::vector<std::string>& fields) {
    Json out(json_object());
    const char* name = nullptr;
    json_t* member = nullptr;
    json_object_foreach(const_cast<json_t*>(value), name, member) {
        const std::string key = name;
        std::vector<std::string> inner;
        bool whole = false;
        for (const std::string& field : fields) {
            if (field == key) whole = true;
            if (field.size() > key.size() + 1 && field.compare(0, key.size(), key) == 0 && field[key.size()] == '.')
                inner.push_back(field.substr(key.size() + 1));
        }
        if (whole)
            json_object_set(out.get(), name, member);
        else if (!inner.empty())
            json_object_set_new(out.get(), name, keep_fields(member, inner).release());
    }
    return out;
}

}  // namespace

json_t* link_to(const std::string& url) {
    json_t* one = json_object();
    set_text(one, "href", url);
    json_t* list = json_array();
    json_array_append_new(list, one);
    return list;
}

json_t* id_json(const std::string& id) { return json_integer(read_number(id).value_or(0)); }

Json view_webhook(const ManagedRow& managed, const View& view) {
    const SubscriptionRow& row = managed.row;
    const Result<Subscription> settings = settings_of(managed, view.plan);
    Json out(json_object());
    json_object_set_new(out.get(), "id", id_json(row.name));
    set_text(out.get(), "name", managed.title);
    set_text(out.get(), "status", status_of(row));
    set_text(out.get(), "topic", row.topics);
    set_text(out.get(), "resource", resource_of(row.topics));
    set_text(out.get(), "event", event_of(row.topics));
    json_t* hooks = json_array();
    for (const std::string& hook : hooks_of(row.topics, is_modern(view.api, view.family)))
        json_array_append_new(hooks, json_of(hook));
    json_object_set_new(out.get(), "hooks", hooks);
    set_text(out.get(), "delivery_url", settings ? settings.value().url.text : row.url);
    set_times(out.get(), row, view);
    const Result<Json> others = parse_json(managed.document);
    if (others && json_is_object(others.value().get())) json_object_update_missing(out.get(), others.value().get());
    if (view.family == Family::legacy) return out;
    json_t* links = json_object();
    json_object_set_new(links, "self", link_to(view.base + '/' + row.name));
    json_object_set_new(links, "collection", link_to(view.base));
    json_object_set_new(out.get(), "_links", links);
    return out;
}

Json keep_fields(const json_t* value, const std::vector<std::string>& fields) {
    if (fields.empty() || (!json_is_object(value) && !json_is_array(value)))
        return Json(json_incref(const_cast<json_t*>(value)));
    if (json_is_object(value)) return keep_members(value, fields);
    Json out(json_array());
    size_t at = 0;
    json_t* one = nullptr;
    json_array_foreach(const_cast<json_t*>(value), at, one)
        json_array_append_new(out.get(), keep_fields(one, fields).release());
    return out;
}

}  // namespace trot::woo
