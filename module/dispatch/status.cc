// The dispatcher's part of `trotline status`: leader, endpoints by state.
#include <jansson.h>

#include <cstdlib>
#include <map>

#include "dispatch/lead.h"

namespace trot {
namespace {

constexpr size_t most_listed = 200;

EndpointStatus status_of(const Endpoint& endpoint) {
    EndpointStatus out;
    out.name = endpoint.name;
    out.inflight = endpoint.inflight;
    out.queued = endpoint.queued();
    if (endpoint.state == SubscriptionState::disabled)
        out.state = "disabled";
    else if (endpoint.state != SubscriptionState::active)
        out.state = "paused";
    else if (endpoint.breaker.open())
        out.state = "open";
    else
        out.state = endpoint.breaker.failing() ? "retrying" : "ok";
    return out;
}

}  // namespace

std::string Lead::status() const {
    std::map<std::string, json_int_t> states = {
        {"ok", 0}, {"retrying", 0}, {"open", 0}, {"paused", 0}, {"disabled", 0}};
    json_t* list = json_array();
    for (const auto& [number, endpoint] : subscriptions_.all()) {
        const EndpointStatus one = status_of(*endpoint);
        ++states[one.state];
        // Those that need a look always; the others as far as there is room.
        if (one.state == "ok" && json_array_size(list) >= most_listed) continue;
        json_array_append_new(list, json_pack("{s:s%, s:s, s:i, s:I, s:s%}", "name", one.name.data(), one.name.size(),
                                              "state", one.state.c_str(), "inflight", static_cast<int>(one.inflight),
                                              "queued", static_cast<json_int_t>(one.queued), "reason",
                                              endpoint->reason.data(), endpoint->reason.size()));
    }
    json_t* counts = json_object();
    for (const auto& [name, count] : states) json_object_set_new(counts, name.c_str(), json_integer(count));
    json_t* all =
        json_pack("{s:b, s:i, s:I, s:I, s:I, s:b, s:I, s:o, s:o}", "leader", static_cast<int>(state_ == State::leading),
                  "inflight", static_cast<int>(sender_.inflight()), "hydrating",
                  static_cast<json_int_t>(hydrator_.owed()), "shaping", static_cast<json_int_t>(shaper_.waiting()),
                  "unwritten", static_cast<json_int_t>(sender_.outcomes().waiting()), "store_failing",
                  static_cast<int>(sender_.outcomes().failing()), "managed",
                  static_cast<json_int_t>(subscriptions_.managed()), "endpoints", counts, "list", list);
    char* text = json_dumps(all, JSON_COMPACT);
    std::string out = text != nullptr ? text : "{}";
    free(text);  // NOLINT: jansson's malloc
    json_decref(all);
    return out;
}

}  // namespace trot
