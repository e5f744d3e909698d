#include "dispatch/disabled.h"

#include <jansson.h>

#include <cstdlib>

#include "crypto/hmac.h"
#include "url/check.h"

namespace trot {

Event disabled_event(const Endpoint& endpoint, int64_t wall_ms) {
    Event event;
    event.topic = disabled_topic;
    event.resource = "trotline.subscription";
    event.resource_id = endpoint.name;
    event.action = "disabled";
    event.hook = "trotline";
    event.at_ms = wall_ms;
    event.capture = random_bytes(16);
    const std::string url = redacted_url(endpoint.settings->url.text);
    json_t* body = json_pack("{s:s%, s:s%, s:s%, s:i}", "subscription", endpoint.name.data(), endpoint.name.size(),
                             "url", url.data(), url.size(), "reason", endpoint.reason.data(), endpoint.reason.size(),
                             "failures", static_cast<int>(endpoint.failures));
    char* text = body != nullptr ? json_dumps(body, JSON_COMPACT) : nullptr;
    event.payload = std::make_shared<const std::string>(text != nullptr ? text : "{}");
    free(text);  // NOLINT: jansson's malloc
    json_decref(body);
    return event;
}

}  // namespace trot
