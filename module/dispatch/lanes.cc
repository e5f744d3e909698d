#include "dispatch/lanes.h"

#include <algorithm>
#include <limits>

namespace trot {

LaneRulesPtr lane_rules(const Subscription& settings) {
    LaneRules rules;
    rules.ordered = settings.order == Order::resource;
    rules.coalesce = settings.coalesce;
    rules.batched = settings.batch.most > 1;
    if (!rules.ordered && rules.coalesce.quiet_ms == 0 && !rules.batched) return nullptr;
    return std::make_shared<const LaneRules>(rules);
}

std::string lane_of(const Event& event) {
    return event.resource_id.empty() ? std::string() : event.resource + '/' + event.resource_id;
}

Result<void> place(Tx& tx, const LaneRules& rules, const std::string& lane, Delivery& delivery, int64_t now_ms) {
    const bool ordered = rules.ordered && !lane.empty();
    const bool coalesces = rules.coalesce.quiet_ms > 0 && !lane.empty();
    Delivery made;
    made.event = delivery.event;
    made.subscription = delivery.subscription;
    made.format = delivery.format;
    made.logged = delivery.logged;
    made.shape = delivery.shape;
    made.due_ms = now_ms;
    if (ordered || coalesces) made.lane = lane;
    if (coalesces) {
        const Result<Delivery> window = tx.lanes().open_window(made.subscription, lane, ordered);
        if (!window) return window.fault();
        const Delivery& open = window.value();
        if (open.number != 0) {
            delivery.number = open.number;
            delivery.state = DeliveryState::gathering;
            delivery.first_event = open.first_event != 0 ? open.first_event : open.event;
            delivery.due_ms = std::min(now_ms + rules.coalesce.quiet_ms, open.opened_ms + rules.coalesce.most_ms);
            return tx.lanes().merge(delivery);
        }
        made.opened_ms = now_ms;
        made.due_ms = now_ms + std::min(rules.coalesce.quiet_ms, rules.coalesce.most_ms);
    }
    if (coalesces || rules.batched) made.state = DeliveryState::gathering;
    if (ordered) {
        const Result<int64_t> sequence = tx.lanes().next_sequence(made.subscription, lane, now_ms);
        if (!sequence) return sequence.fault();
        made.sequence = sequence.value();
    }
    if (ordered && made.state == DeliveryState::pending) {
        const Result<int64_t> before = tx.lanes().before(made.subscription, lane, std::numeric_limits<int64_t>::max());
        if (!before) return before.fault();
        if (before.value() != 0) made.state = DeliveryState::queued;
    }
    delivery = std::move(made);
    return tx.add_delivery(delivery);
}

Result<void> let_go(Tx& tx, const Lane& lane, unsigned most, int64_t due_ms, std::vector<Delivery>& freed) {
    const int count = static_cast<int>(std::max(1U, most));
    Result<std::vector<Delivery>> first = tx.lanes().first(lane.subscription, lane.name, count);
    if (!first) return first.fault();
    for (Delivery& next : first.value()) {
        if (next.state != DeliveryState::queued) break;
        // One that is to go in a batch has done its waiting: it keeps its time.
        next.state = most > 1 ? DeliveryState::gathering : DeliveryState::pending;
        if (most <= 1) next.due_ms = due_ms;
        if (Result<void> moved = tx.lanes().move(next.number, next.state, next.due_ms, 0); !moved) return moved;
        freed.push_back(std::move(next));
    }
    return {};
}

Result<void> let_go(Tx& tx, const Outcome& outcome, std::vector<Delivery>& freed) {
    const Result<std::vector<Lane>> lanes = tx.lanes().lanes_of(outcome.attempt.delivery, outcome.batch);
    if (!lanes) return lanes.fault();
    for (const Lane& lane : lanes.value())
        if (Result<void> done = let_go(tx, lane, outcome.lets_go, outcome.let_go_ms, freed); !done) return done;
    return {};
}

Result<void> let_go_after(Tx& tx, int64_t delivery) {
    const Result<std::vector<Lane>> lanes = tx.lanes().lanes_of(delivery, false);
    if (!lanes) return lanes.fault();
    std::vector<Delivery> freed;
    for (const Lane& lane : lanes.value())
        if (Result<void> done = let_go(tx, lane, 1, 0, freed); !done) return done;
    return {};
}

}  // namespace trot
