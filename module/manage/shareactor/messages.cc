#include "manage/shareactor/messages.h"

#include "crypto/hmac.h"
#include "dialect/style.h"
#include "json/tree.h"
#include "manage/shareactor/ids.h"

namespace trot::shareactor {
namespace {

Event event_of(std::string_view topic, std::string_view resource_id, int64_t now_ms) {
    const size_t dot = topic.rfind('.');
    Event event;
    event.topic = topic;
    event.resource = topic.substr(0, dot);
    event.action = dot == std::string_view::npos ? std::string_view() : topic.substr(dot + 1);
    event.resource_id = resource_id;
    event.hook = "shareactor API";
    event.at_ms = now_ms;
    event.capture = random_bytes(16);
    return event;
}

std::string made_up_object(const std::string& id, const ApiConfig& api, int64_t created_ms, int64_t modified_ms) {
    const Json object(json_object());
    put_own_id(object.get(), id, api);
    put_id(object.get(), "company", api.tenant, api);
    put_date(object.get(), "created", created_ms, api);
    put_date(object.get(), "modified", modified_ms, api);
    json_object_set_new(object.get(), "deleted", json_false());
    json_object_set_new(object.get(), "active", json_true());
    return spell_json(object.get());
}

}  // namespace

OneOff confirmation(std::string_view webhook_id, int64_t now_ms) {
    return {event_of("webhook.confirmation", webhook_id, now_ms),
            spell_style("shareactor", {{"message", {"confirmation"}}})};
}

OneOff simulation(std::string_view topic, const ApiConfig& api, int64_t now_ms) {
    constexpr int64_t minute_ms = 60000;
    const std::string id = new_id(now_ms);
    OneOff out{event_of(topic, id, now_ms), ""};
    const bool update = out.event.action == "updated";
    const int64_t created_ms = update ? now_ms - minute_ms : now_ms;
    out.event.payload = std::make_shared<const std::string>(made_up_object(id, api, created_ms, now_ms));
    if (update)
        out.event.previous = std::make_shared<const std::string>(made_up_object(id, api, created_ms, created_ms));
    return out;
}

}  // namespace trot::shareactor
