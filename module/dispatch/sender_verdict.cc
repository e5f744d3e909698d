// What an attempt's result means: for its delivery, for its subscription's state, for its endpoint's health.
#include "crypto/ids.h"
#include "dispatch/disabled.h"
#include "dispatch/sender.h"
#include "egress/retry.h"

namespace trot {
namespace {

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

bool is_ping(const Style* style) { return style != nullptr && option(style->options, "message", "") == "ping"; }

}  // namespace

void Sender::judge(const Try& what, const SendResult& result, Outcome& outcome) {
    Endpoint& endpoint = *what.endpoint;
    Counters& counters = context_.counters;
    const Verdict verdict = judge_result(result);
    health(what, result, verdict == Verdict::delivered);
    if (verdict == Verdict::delivered) {
        outcome.state = DeliveryState::delivered;
        counters.delivered.fetch_add(1, std::memory_order_relaxed);
        if (what.item.style != nullptr && asks_to_confirm(*what.item.style)) confirmed(what);
        if (endpoint.failures == 0) return;
        endpoint.failures = 0;
        change(endpoint, endpoint.state, endpoint.reason);
        return;
    }
    counters.failed.fetch_add(1, std::memory_order_relaxed);
    if (result.error == SendError::blocked) counters.blocked.fetch_add(1, std::memory_order_relaxed);
    if (endpoint.ended) {
        outcome.state = DeliveryState::cancelled;  // its API has removed it meanwhile: nothing waits for its return
        return;
    }
    // A ping is one try, and says nothing of what deliveries will meet.
    if (what.alone && (verdict == Verdict::gone || is_ping(what.item.style))) {
        outcome.state = DeliveryState::dead;
        counters.dead.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    if (verdict == Verdict::gone) {
        give_up(endpoint, outcome);
        disable(endpoint, "gone: the endpoint answered 410");
        return;
    }
    const int64_t asked = parse_retry_after(result.retry_after, context_.clock.wall_ms());
    const int64_t wait = next_wait_ms(endpoint.settings->schedule_ms, outcome.attempt.number, asked, context_.random());
    if (wait < 0 && what.alone) {
        outcome.state = DeliveryState::dead;
        counters.dead.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    if (wait < 0) return give_up(endpoint, outcome);
    outcome.state = DeliveryState::pending;
    outcome.due_ms = context_.run.now_ms() + wait;
}

void Sender::give_up(Endpoint& endpoint, Outcome& outcome) {
    outcome.state = DeliveryState::dead;
    context_.counters.dead.fetch_add(1, std::memory_order_relaxed);
    ++endpoint.failures;
    const unsigned most = endpoint.settings->disable_after;
    if (most > 0 && endpoint.failures >= most && endpoint.state == SubscriptionState::active)
        disable(endpoint, std::to_string(endpoint.failures) + " deliveries in a row were given up");
    else
        change(endpoint, endpoint.state, endpoint.reason);
}

// The endpoint has answered the question with a 2xx; asked about the URL it has now.
void Sender::confirmed(const Try& what) {
    Endpoint& endpoint = *what.endpoint;
    if (!endpoint.is_unconfirmed() || what.settings != endpoint.settings) return;
    const std::string before = endpoint.reason;
    endpoint.state = SubscriptionState::active;
    endpoint.reason.clear();
    change(endpoint, SubscriptionState::paused, before);
    context_.log.write(Level::info, "dispatch: subscription \"" + endpoint.name + "\" has confirmed its endpoint");
    seams_.state_changed(endpoint);
    backlog_.mark(endpoint);
}

// An API may change the same row: what it says counts, so a managed one's is only changed from what we knew.
void Sender::change(const Endpoint& endpoint, SubscriptionState before, const std::string& reason_before) {
    SubscriptionChange out{endpoint.number, endpoint.state, endpoint.reason, endpoint.failures};
    if (endpoint.logged) out.before = Tx::Known{before, reason_before, endpoint.changed_ms};
    outcomes_.change(std::move(out));
}

void Sender::disable(Endpoint& endpoint, const std::string& reason) {
    if (endpoint.state != SubscriptionState::active) return;
    const std::string reason_before = endpoint.reason;
    endpoint.state = SubscriptionState::disabled;
    endpoint.reason = reason;
    backlog_.drop_queued(endpoint);
    change(endpoint, SubscriptionState::active, reason_before);
    outcomes_.add_event(disabled_event(endpoint, context_.clock.wall_ms()));
    context_.log.write(Level::warning, "dispatch: subscription \"" + endpoint.name + "\" is disabled: " + reason +
                                           " (its deliveries wait until its url changes or it is resumed)");
    seams_.state_changed(endpoint);
}

void Sender::health(const Try& what, const SendResult& result, bool delivered) {
    Breaker& breaker = what.endpoint->breaker;
    const bool was_open = breaker.open();
    if (delivered)
        breaker.succeeded(what.probe);
    else if (about_delivery(result.status))
        breaker.neutral(what.probe);
    else
        breaker.failed(what.probe, context_.steady_ms(), context_.random());
    if (was_open == breaker.open()) return;
    const std::string why = result.detail.empty() ? "" : " (" + result.detail + ")";
    context_.log.write(
        was_open ? Level::notice : Level::warning,
        "dispatch: endpoint \"" + what.endpoint->name +
            (was_open ? "\" answers again" : "\" fails" + why + "; only probes are sent until it answers again"));
}

}  // namespace trot
