// What a receiver in the model of a dispatcher says when all has ended: is anything missing, is the store's account of
// it the same, and were events of ours recorded for what became of subscriptions, once each?
#pragma once

#include "tests/unit/dispatch/model_receiver.h"

namespace trot_test {

inline constexpr std::string_view own_disabled = "trotline.subscription.disabled";
inline constexpr std::string_view own_recovered = "trotline.subscription.recovered";

// `lines`: its deliveries in the store; `own`: all events of ours there.
inline void Receiver::check_end(const std::vector<DeliveryLine>& lines, const std::vector<Event>& own) const {
    size_t elements = 0;
    for (const auto& [id, request] : requests_) elements += request.elements.size();
    if (elements != lines.size())
        wrong("the store has " + std::to_string(lines.size()) + " deliveries, " + std::to_string(elements) +
              " have come in");
    for (const DeliveryLine& line : lines) {
        const Delivery& delivery = line.delivery;
        const auto found = requests_.find(delivery.batch != 0 ? spell_id("bat_", delivery.batch)
                                                              : spell_id(delivery_prefix, delivery.number));
        if (found == requests_.end()) wrong("a delivery that was never tried has ended");
        const Try& last = found->second.tries.back();
        if (!found->second.done(rules.most_tries())) wrong("a delivery has ended before its schedule");
        if ((delivery.state == DeliveryState::delivered) != (last.status == 200))
            wrong("a delivery's end is not what its last attempt says");
        if (static_cast<int>(delivery.attempts) != last.number) wrong("the store counts other attempts");
    }
    for (const auto& [event, owed] : owed_)
        if (owed == Owed::yes) wrong("an event of " + world_.changes[event].topic + " is never told");

    size_t disabled = 0, recovered = 0;
    for (const Event& event : own) {
        const bool told = own_.contains(event.number);
        if (event.resource_id == rules.name) {
            ++(event.topic == own_disabled ? disabled : recovered);
            if (told) wrong("it is told of itself");
            continue;
        }
        // Was it disabled then? An event that a kill or another end was near: perhaps.
        bool before = false, after = false;
        for (const auto& [at_ms, on] : turns_) {
            if (at_ms < event.at_ms) before = on;
            if (at_ms <= event.at_ms + durable_ms) after = on;
        }
        if (before || after || world_.killed_near(event.at_ms)) continue;
        if (told != rules.wants(event.topic)) wrong("an event of ours, " + event.topic + ", is not told, or is");
    }
    for (const auto& [event, topic] : own_)
        if (std::none_of(own.begin(), own.end(), [event = event](const Event& one) { return one.number == event; }))
            wrong("it is told of an event of ours that is not recorded");
    if (disabled != disablings_.size())
        wrong("it was disabled " + std::to_string(disablings_.size()) + " times, and that is recorded " +
              std::to_string(disabled) + " times");
    if (recovered < recoveries_.size() || recovered > recoveries_.size() + perhaps_recovered_)
        wrong("it recovered " + std::to_string(recoveries_.size()) + " times, and that is recorded " +
              std::to_string(recovered) + " times");
}

}  // namespace trot_test
