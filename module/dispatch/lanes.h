// Lanes: how a delivery waits for others of its resource, where its subscription asks for that. order: one at a time,
// in the order of the events; coalescing: later changes join the one that still waits; batches: it waits for others to
// go with. place() and let_go() run in the transaction that makes or ends the delivery, so that a crash at any moment
// finds every lane right; nothing of it is kept in memory. Callers: fan_out and expander (place), outcomes, tasks and
// deaths (let_go), gatherer. Threads: the writer's, but for lane_rules() and lane_of().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plan/plan.h"
#include "store/store.h"

namespace trot {

struct LaneRules {
    bool ordered = false;
    CoalesceRules coalesce;
    bool batched = false;
};

using LaneRulesPtr = std::shared_ptr<const LaneRules>;

// Null: its deliveries wait for nothing, and pay nothing.
LaneRulesPtr lane_rules(const Subscription& settings);
// "order/1042"; "" where the event names no resource, whose deliveries are in no lane.
std::string lane_of(const Event& event);

// The delivery of an event into its lane. Of `delivery` event, subscription, format, logged and shape are given, the
// rest is set: it is pending, queued or gathering; or it is the one that was gathering already and has taken the event
// in. May be called again with what it has set, should the transaction be written a second time.
Result<void> place(Tx& tx, const LaneRules& rules, const std::string& lane, Delivery& delivery, int64_t now_ms);

// A delivery, or a batch, has ended: those of its lanes that waited for it are pending now, due then, or gather, where
// `most` is more than one. They are appended to `freed`.
Result<void> let_go(Tx& tx, const Outcome& outcome, std::vector<Delivery>& freed);
// The same for one lane, whatever it was that ended.
Result<void> let_go(Tx& tx, const Lane& lane, unsigned most, int64_t due_ms, std::vector<Delivery>& freed);
// The same after one that has ended without an attempt: cancelled or quarantined. What waited is due at once.
Result<void> let_go_after(Tx& tx, int64_t delivery);

}  // namespace trot
