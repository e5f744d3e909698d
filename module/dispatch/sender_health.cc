// What an attempt's result means for its endpoint's health: its breaker and pace, since when it fails, and when that is
// told or ends in disabling it.
#include <algorithm>

#include "dispatch/own_events.h"
#include "dispatch/sender.h"
#include "egress/retry.h"

namespace trot {
namespace {

constexpr int64_t minute_ms = 60000;  // shorter outages are not worth an event, nor a write

// Does the answer say that the endpoint is unwell, or only that it did not like this delivery?
bool about_delivery(int status) {
    switch (status) {
        case 401:
        case 403:
        case 404:
        case 407:
        case 408:
        case 421:
        case 425:
        case 429:
            return false;
        default:
            return status >= 400 && status <= 499;
    }
}

bool too_many(const SendResult& result) {
    return result.status == 429 || (result.status == 503 && !result.retry_after.empty());
}

}  // namespace

void Sender::pace(const Try& what, const SendResult& result, bool delivered) {
    Gate& gate = *what.gate;
    const unsigned cap = what.endpoint->cap;
    if (delivered) return gate.pacer().succeeded(cap, gate.inflight(), result.duration_us);
    if (!too_many(result)) return gate.pacer().failed();
    context_.counters.throttled.fetch_add(1, std::memory_order_relaxed);
    const int64_t asked = parse_retry_after(result.retry_after, context_.clock.wall_ms());
    gate.pacer().refused(cap, gate.inflight(), asked, context_.clock.steady_us());
}

void Sender::health(const Try& what, const SendResult& result, bool delivered) {
    Endpoint& endpoint = *what.endpoint;
    Breaker& breaker = endpoint.breaker;
    const bool was_open = breaker.open();
    // Whoever says "too many" is well; it is asked more slowly.
    const bool paced = result.status == 429 && endpoint.settings->health.adaptive;
    if (delivered)
        breaker.succeeded(what.probe);
    else if (paced || about_delivery(result.status))
        breaker.neutral(what.probe);
    else
        breaker.failed(what.probe, context_.steady_ms(), context_.random());
    if (!delivered && endpoint.failing_ms == 0) endpoint.failing_ms = context_.run.now_ms();
    if (!was_open && breaker.open()) {
        if (endpoint.sick_ms == 0) endpoint.sick_ms = endpoint.failing_ms;
        context_.counters.opened.fetch_add(1, std::memory_order_relaxed);
        backlog_.drop_queued(endpoint);  // nothing of it will be fresh when it comes back
    }
    if (was_open != breaker.open()) {
        const std::string why = result.detail.empty() ? "" : " (" + result.detail + ")";
        context_.log.write(
            was_open ? Level::notice : Level::warning,
            "dispatch: endpoint \"" + endpoint.name +
                (was_open ? "\" answers again" : "\" fails" + why + "; only probes are sent until it answers again"));
    }
    if (delivered) well(endpoint);
}

void Sender::well(Endpoint& endpoint) {
    const int64_t sick_ms = endpoint.sick_ms;
    endpoint.failing_ms = 0;
    if (sick_ms == 0 && !endpoint.revived) return;
    if (endpoint.breaker.open() || endpoint.state != SubscriptionState::active) return;
    const bool told = endpoint.revived || context_.run.now_ms() - sick_ms >= minute_ms;
    endpoint.sick_ms = 0;
    if (told) {
        outcomes_.add_event(recovered_event(endpoint, endpoint.revived ? 0 : sick_ms, context_.clock.wall_ms()));
        context_.counters.recovered.fetch_add(1, std::memory_order_relaxed);
    }
    endpoint.revived = false;
}

// Since when it fails must outlive the process, but flapping must cost no writes.
void Sender::keep_failing(Endpoint& endpoint) {
    if (endpoint.failing_ms == 0 || endpoint.failing_kept || endpoint.state != SubscriptionState::active) return;
    if (context_.run.now_ms() - endpoint.failing_ms >= minute_ms) change(endpoint, endpoint.state, endpoint.reason);
}

void Sender::look_at_age(Endpoint& endpoint) {
    keep_failing(endpoint);
    const int64_t most_ms = endpoint.settings->health.disable_after_ms;
    if (most_ms > 0 && endpoint.failing_ms > 0 && context_.run.now_ms() - endpoint.failing_ms >= most_ms)
        disable(endpoint, "every attempt has failed since " + rfc3339(endpoint.failing_ms));
}

// An operator or an API may change the same row: what they say counts, so it is only changed from what we knew.
void Sender::change(Endpoint& endpoint, SubscriptionState before, const std::string& reason_before) {
    SubscriptionChange out{endpoint.number, endpoint.state, endpoint.reason, endpoint.failures, endpoint.failing_ms};
    out.before = Tx::Known{before, reason_before, endpoint.logged ? endpoint.changed_ms : 0};
    endpoint.failing_kept = endpoint.failing_ms != 0;
    outcomes_.change(std::move(out));
}

}  // namespace trot
