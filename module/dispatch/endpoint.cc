#include "dispatch/endpoint.h"

#include <algorithm>

#include "dispatch/outcomes.h"

namespace trot {

namespace {

constexpr unsigned firsts_per_retry = 10;

}  // namespace

bool asks_to_confirm(const Style& style) { return option(style.options, "message", "") == "confirmation"; }

Item item_of(const Delivery& delivery, const Style* style) {
    Item item;
    item.number = delivery.batch != 0 ? delivery.batch : delivery.number;
    item.event = delivery.event;
    item.attempts = delivery.attempts;
    item.uncounted = delivery.uncounted;
    item.asked = delivery.due_ms == 0;
    item.shape = delivery.shape;
    item.style = style;
    item.first_event = delivery.first_event;
    item.sequence = delivery.sequence;
    item.batch = delivery.batch;
    return item;
}

bool Endpoint::adopt(std::shared_ptr<const Subscription> to) {
    const bool moved = settings && settings->url.text != to->url.text;
    settings = std::move(to);
    if (moved) {  // what was there is another's illness
        breaker = Breaker();
        failing_ms = sick_ms = 0;
    }
    // A pause longer than the subscription's own longest wait would make the schedule a lie.
    int64_t longest = 0;
    for (const int64_t step : settings->schedule_ms) longest = std::max(longest, step);
    const HealthRules& health = settings->health;
    breaker.set_rules(health.trip_row, health.trip_percent, std::min(health.longest_pause_ms, longest));
    return moved;
}

void Endpoint::take_state(const SubscriptionChange& change, bool anew) {
    const SubscriptionState before = state;
    state = change.state;
    reason = change.reason;
    failures = change.failures;
    if (change.revived) revived = true;
    const bool resumes = !anew && state == SubscriptionState::active && before != state;
    if (resumes) resumed(before);
    // Since when a running one fails is known better here than in the store, but for one that begins anew.
    const bool forgotten = failing_kept && change.failing_ms == 0;
    if (!anew && !forgotten && !(resumes && before == SubscriptionState::disabled)) return;
    failing_ms = sick_ms = change.failing_ms;
    failing_kept = change.failing_ms != 0;
}

void Endpoint::resumed(SubscriptionState from) {
    revived = revived || from == SubscriptionState::disabled;
    breaker.probe_now();
}

void Endpoint::set_gate(GatePtr to) {
    if (gate && gate != to) {
        gate->leave(number);
        in_gate = false;
    }
    gate = std::move(to);
    join_gate();
}

void Endpoint::join_gate() {
    HealthRules rules = settings->health;
    const uint64_t granted = consent && consent->state == Consent::State::granted ? consent->rate : 0;
    if (granted > 0 && (rules.rate == 0 || granted <= rules.rate)) {
        rules.rate = granted;
        rules.burst = 1;  // a grant is meant strictly
    }
    gate->join(number, rules);
}

Item Endpoint::take() {
    const auto may_retry = [this] {
        const Item& next = backlog.front();
        return next.attempts == 0 || next.asked || !breaker.unwell() || firsts >= firsts_per_retry;
    };
    const bool from_fresh = !fresh.empty() && (fresh_turn || backlog.empty() || !may_retry());
    fresh_turn = !from_fresh;
    std::deque<Item>& lane = from_fresh ? fresh : backlog;
    Item item = std::move(lane.front());
    lane.pop_front();
    firsts = item.attempts == 0 ? firsts + 1 : 0;
    return item;
}

// The style's own options, and the newest ones that the format calls live.
Result<Renderer*> Endpoint::renderer(const Style& with) {
    std::unique_ptr<Renderer>& kept = renderers_[&with];
    if (!kept) {
        Recipient recipient{
            number, settings->name, settings->url.text, with.options, settings->secrets, settings->authorization, id};
        if (settings->format == with.format->name())
            for (FormatOption& live : live_options(*with.format, settings->options))
                recipient.options.push_back(std::move(live));
        Result<std::unique_ptr<Renderer>> made = with.format->renderer(recipient);
        if (!made) return made.fault();
        kept = std::move(made).value();
    }
    return kept.get();
}

}  // namespace trot
