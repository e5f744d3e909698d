#include "dispatch/own_events.h"

#include <jansson.h>

#include <cstdlib>

#include "base/clock.h"
#include "crypto/hmac.h"
#include "crypto/ids.h"
#include "json/pointer.h"
#include "url/check.h"

namespace trot {
namespace {

constexpr std::string_view own_resource = "trotline.subscription";
constexpr std::string_view own_hook = "trotline";

Event event_about(const Endpoint& endpoint, std::string_view action, int64_t wall_ms, json_t* more) {
    Event event;
    event.topic = std::string(own_resource) + "." + std::string(action);
    event.resource = own_resource;
    event.resource_id = endpoint.name;
    event.action = action;
    event.hook = own_hook;
    event.at_ms = wall_ms;
    event.capture = random_bytes(16);
    const std::string url = redacted_url(endpoint.settings->url.text);
    const std::string id = spell_id(subscription_prefix, endpoint.number);
    json_t* body = json_pack("{s:s%, s:s%, s:s%}", "subscription", endpoint.name.data(), endpoint.name.size(), "id",
                             id.data(), id.size(), "url", url.data(), url.size());
    json_object_update(body, more);
    char* text = body != nullptr ? json_dumps(body, JSON_COMPACT) : nullptr;
    event.payload = std::make_shared<const std::string>(text != nullptr ? text : "{}");
    free(text);  // NOLINT: jansson's malloc
    json_decref(body);
    json_decref(more);
    return event;
}

json_t* time_or_null(int64_t ms) { return ms > 0 ? json_string(rfc3339(ms).c_str()) : json_null(); }

}  // namespace

Event disabled_event(const Endpoint& endpoint, int64_t wall_ms) {
    return event_about(
        endpoint, "disabled", wall_ms,
        json_pack("{s:s%, s:i, s:o}", "reason", endpoint.reason.data(), endpoint.reason.size(), "failures",
                  static_cast<int>(endpoint.failures), "failing_since", time_or_null(endpoint.failing_ms)));
}

Event recovered_event(const Endpoint& endpoint, int64_t failing_ms, int64_t wall_ms) {
    return event_about(endpoint, "recovered", wall_ms,
                       json_pack("{s:s, s:o}", "reason",
                                 failing_ms > 0 ? "the endpoint answers again" : "it was disabled, and answers now",
                                 "failing_since", time_or_null(failing_ms)));
}

void leave_out_itself(const Event& event, std::vector<const Listener*>& listeners) {
    if (event.hook != own_hook || event.resource != own_resource || !event.payload) return;
    JsonReader payload;
    payload.load(*event.payload);
    const std::string id = json_text(payload.find("/id"));
    std::erase_if(listeners, [&id](const Listener* listener) {
        return spell_id(subscription_prefix, listener->subscription) == id;
    });
}

}  // namespace trot
