// The dispatcher's part of `trotline status`: leader, endpoints by state, and how each of them is.
#include <jansson.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "dispatch/lead.h"
#include "json/tree.h"

namespace trot {
namespace {

constexpr size_t most_listed = 200;

std::string state_of(const Endpoint& endpoint) {
    if (endpoint.state == SubscriptionState::disabled) return "disabled";
    if (endpoint.state != SubscriptionState::active) return "paused";
    if (endpoint.consent && endpoint.consent->state != Consent::State::granted) return "unconsented";
    if (endpoint.breaker.open()) return "open";
    return endpoint.breaker.failing() ? "retrying" : "ok";
}

// It has been asked for consent, and does not give it.
bool refuses(const Endpoint& endpoint) {
    return endpoint.consent && endpoint.consent->state != Consent::State::granted && endpoint.consent->times > 0;
}

std::string reason_of(const Endpoint& endpoint) {
    if (!endpoint.reason.empty()) return endpoint.reason;
    if (!endpoint.consent || endpoint.consent->state == Consent::State::granted) return {};
    const std::string& why = endpoint.consent->reason;
    return why.empty() ? "its consent has not been asked for yet" : "no consent: " + why;
}

void put_ms(json_t* out, const char* name, int64_t ms) { json_object_set_new(out, name, json_integer(ms)); }

// Of what holds it back only what does: most endpoints have nothing to say here.
void add_pace(json_t* out, const Endpoint& endpoint, int64_t steady_us) {
    const int64_t now_ms = steady_us / 1000;
    if (endpoint.breaker.name() == "open")
        put_ms(out, "probe_in_ms", std::max<int64_t>(0, endpoint.breaker.next_ms(now_ms) - now_ms));
    if (refuses(endpoint)) put_ms(out, "refusals", endpoint.consent->times);
    if (endpoint.consent && endpoint.consent->state == Consent::State::refused)
        put_ms(out, "ask_in_ms", std::max<int64_t>(0, endpoint.consent->next_ms - now_ms));
    if (!endpoint.gate) return;
    const Gate& gate = *endpoint.gate;
    if (gate.rate() > 0) put_ms(out, "rate_an_hour", static_cast<int64_t>(gate.rate()));
    if (gate.shared()) put_ms(out, "origin_inflight", gate.inflight());
    const Pacer& pacer = gate.pacer();
    if (pacer.slowing()) put_ms(out, "paced_to", pacer.limit(endpoint.cap));
    if (pacer.gap_ms() > 0) put_ms(out, "gap_ms", pacer.gap_ms());
    if (pacer.held_us() > steady_us) put_ms(out, "held_for_ms", (pacer.held_us() - steady_us) / 1000);
}

json_t* line_of(const Endpoint& endpoint, const std::string& state, int64_t steady_us) {
    json_t* out = json_object();
    json_object_set_new(out, "name", json_of(endpoint.name));
    json_object_set_new(out, "state", json_of(state));
    put_ms(out, "inflight", endpoint.inflight);
    put_ms(out, "cap", endpoint.cap);
    put_ms(out, "queued", static_cast<int64_t>(endpoint.queued()));
    json_object_set_new(out, "breaker", json_of(endpoint.breaker.name()));
    if (endpoint.failing_ms > 0) json_object_set_new(out, "failing_since", json_of(rfc3339(endpoint.failing_ms)));
    add_pace(out, endpoint, steady_us);
    json_object_set_new(out, "reason", json_of(reason_of(endpoint)));
    return out;
}

}  // namespace

std::string Lead::status() const {
    std::map<std::string, json_int_t> states = {{"ok", 0},     {"retrying", 0}, {"open", 0},
                                                {"paused", 0}, {"disabled", 0}, {"unconsented", 0}};
    std::map<std::string, json_int_t> breakers = {{"closed", 0}, {"returning", 0}, {"open", 0}, {"probing", 0}};
    json_int_t refused = 0;
    json_t* list = json_array();
    const int64_t steady_us = context_.clock.steady_us();
    for (const auto& [number, endpoint] : subscriptions_.all()) {
        const std::string state = state_of(*endpoint);
        ++states[state];
        ++breakers[std::string(endpoint->breaker.name())];
        refused += refuses(*endpoint) ? 1 : 0;
        // Those that need a look always; the others as far as there is room.
        const bool slowed = endpoint->gate && endpoint->gate->pacer().slowing();
        if (state == "ok" && !slowed && json_array_size(list) >= most_listed) continue;
        json_array_append_new(list, line_of(*endpoint, state, steady_us));
    }
    const auto counted = [](const std::map<std::string, json_int_t>& counts) {
        json_t* out = json_object();
        for (const auto& [name, count] : counts) json_object_set_new(out, name.c_str(), json_integer(count));
        return out;
    };
    json_t* all = json_pack(
        "{s:b, s:i, s:I, s:I, s:I, s:b, s:I, s:{s:I, s:I}, s:I, s:o, s:o, s:o}", "leader",
        static_cast<int>(state_ == State::leading), "inflight", static_cast<int>(sender_.inflight()), "hydrating",
        static_cast<json_int_t>(hydrator_.owed()), "shaping", static_cast<json_int_t>(shaper_.waiting()), "unwritten",
        static_cast<json_int_t>(sender_.outcomes().waiting()), "store_failing",
        static_cast<int>(sender_.outcomes().failing()), "managed", static_cast<json_int_t>(subscriptions_.managed()),
        "tokens", "held", static_cast<json_int_t>(sender_.tokens().held()), "failing",
        static_cast<json_int_t>(sender_.tokens().failing()), "refused", refused, "breakers", counted(breakers),
        "endpoints", counted(states), "list", list);
    char* spelled = json_dumps(all, JSON_COMPACT);
    std::string out = spelled != nullptr ? spelled : "{}";
    free(spelled);  // NOLINT: jansson's malloc
    json_decref(all);
    return out;
}

}  // namespace trot
