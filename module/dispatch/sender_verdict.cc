// What an attempt's result means for its delivery and for its subscription's state.
#include <algorithm>

#include "crypto/ids.h"
#include "dispatch/own_events.h"
#include "dispatch/sender.h"
#include "egress/retry.h"

namespace trot {
namespace {

constexpr std::string_view expired = "expired";  // Attempt::error: older than max_age

// One try, whatever becomes of it: an API's ping, an operator's test.
bool is_ping(const Item& item) {
    if (item.data && item.data->event().hook == test_hook) return true;
    return item.style != nullptr && option(item.style->options, "message", "") == "ping";
}

}  // namespace

void Sender::judge(const Try& what, const SendResult& result, Outcome& outcome) {
    Endpoint& endpoint = *what.endpoint;
    Counters& counters = context_.counters;
    const Verdict verdict = judge_result(result);
    pace(what, result, verdict == Verdict::delivered);
    // What an address says that is the endpoint's no more says nothing about the one it has now.
    const bool elsewhere = what.settings != endpoint.settings && what.settings->url.text != endpoint.settings->url.text;
    if (!elsewhere) health(what, result, verdict == Verdict::delivered);
    if (verdict == Verdict::delivered) {
        outcome.state = DeliveryState::delivered;
        counters.delivered.fetch_add(1, std::memory_order_relaxed);
        if (what.item.style != nullptr && asks_to_confirm(*what.item.style)) confirmed(what);
        if (endpoint.failures == 0 && !endpoint.failing_kept) return;
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
    if (what.alone && (verdict == Verdict::gone || is_ping(what.item))) {
        outcome.state = DeliveryState::dead;
        counters.dead.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    if (verdict == Verdict::gone) {
        give_up(endpoint, outcome);
        if (!elsewhere) disable(endpoint, "gone: the endpoint answered 410");
        return;
    }
    retry_later(what, result, outcome);
    look_at_age(endpoint);
}

// Its place in the schedule; what an operator asked for does not count there.
void Sender::retry_later(const Try& what, const SendResult& result, Outcome& outcome) {
    Endpoint& endpoint = *what.endpoint;
    const Subscription& settings = *endpoint.settings;
    const unsigned counted = outcome.attempt.number - std::min(what.item.uncounted, outcome.attempt.number);
    const int64_t asked = parse_retry_after(result.retry_after, context_.clock.wall_ms());
    const int64_t wait = next_wait_ms(settings.schedule_ms, counted, asked, context_.random(), settings.jitter);
    const int64_t due_ms = context_.run.now_ms() + wait;
    const bool expires = wait >= 0 && settings.max_age_ms > 0 && what.item.data &&
                         due_ms - what.item.data->event().at_ms > settings.max_age_ms;
    if (wait >= 0 && !expires) {
        outcome.state = DeliveryState::pending;
        outcome.due_ms = due_ms;
        return;
    }
    if (expires) {
        context_.counters.expired.fetch_add(1, std::memory_order_relaxed);
        outcome.attempt.error += outcome.attempt.error.empty() ? expired : ", " + std::string(expired);
    }
    if (!what.alone) return give_up(endpoint, outcome);
    outcome.state = DeliveryState::dead;
    context_.counters.dead.fetch_add(1, std::memory_order_relaxed);
}

// Its event is older than its subscription wants any: a dead letter that says so, without an attempt. It says nothing
// about the endpoint. What an operator asks for goes out whatever its age.
bool Sender::expire(const EndpointRef& endpoint, const Item& item) {
    const int64_t max_age_ms = endpoint->settings->max_age_ms;
    if (max_age_ms == 0 || item.asked || context_.run.now_ms() - item.data->event().at_ms <= max_age_ms) return false;
    Outcome outcome = outcome_of(item);
    outcome.attempt.at_ms = context_.clock.wall_ms();
    outcome.attempt.error = expired;
    outcome.state = DeliveryState::dead;
    context_.counters.dead.fetch_add(1, std::memory_order_relaxed);
    context_.counters.expired.fetch_add(1, std::memory_order_relaxed);
    let_go(*endpoint, item, outcome);
    outcomes_.add(endpoint, std::move(outcome));
    return true;
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

void Sender::disable(Endpoint& endpoint, const std::string& reason) {
    if (endpoint.state != SubscriptionState::active) return;
    const std::string reason_before = endpoint.reason;
    endpoint.state = SubscriptionState::disabled;
    endpoint.reason = reason;
    backlog_.drop_queued(endpoint);
    change(endpoint, SubscriptionState::active, reason_before);
    outcomes_.add_event(disabled_event(endpoint, context_.clock.wall_ms()));
    context_.counters.disabled.fetch_add(1, std::memory_order_relaxed);
    endpoint.revived = true;  // its first success from now on is told
    context_.log.write(Level::warning, "dispatch: subscription \"" + endpoint.name + "\" is disabled: " + reason +
                                           " (its deliveries wait until its url changes or `trotline resume`)");
    seams_.state_changed(endpoint);
}

}  // namespace trot
