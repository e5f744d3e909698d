#include "dispatch/endpoint.h"

namespace trot {

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
    const bool from_fresh = !fresh.empty() && (fresh_turn || backlog.empty());
    fresh_turn = !from_fresh;
    std::deque<Item>& lane = from_fresh ? fresh : backlog;
    Item item = std::move(lane.front());
    lane.pop_front();
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
