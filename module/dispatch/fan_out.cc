#include "dispatch/fan_out.h"

#include <algorithm>

namespace trot {

void FanOut::publish(TopicIndexPtr topics) {
    const std::lock_guard<std::mutex> hold(lock_);
    topics_ = std::move(topics);
    leads_ = true;
}

void FanOut::pause() {
    const std::lock_guard<std::mutex> hold(lock_);
    topics_ = nullptr;
}

void FanOut::retire() {
    const std::lock_guard<std::mutex> hold(lock_);
    topics_ = nullptr;
    leads_ = false;
}

TopicIndexPtr FanOut::topics() const {
    const std::lock_guard<std::mutex> hold(lock_);
    return topics_;
}

void FanOut::set_time(int64_t run_ms) { run_ahead_ms_ = run_ms - clock_.steady_us() / 1000; }

News FanOut::news() const {
    const std::lock_guard<std::mutex> hold(lock_);
    if (!leads_) return News::elsewhere;
    if (!topics_) return News::here;
    return topics_->empty() || !behind() ? News::nowhere : News::here;
}

// Where nobody subscribes the expander moves the cursor now and then: that is cheaper than in every group.
bool FanOut::boards() {
    ride_ = nullptr;
    const TopicIndexPtr topics = this->topics();
    if (topics && !topics->empty()) return true;
    behind_ = true;
    return false;
}

Result<void> FanOut::write(Tx& tx, std::vector<Event>& added) {
    behind_ = true;
    const TopicIndexPtr topics = this->topics();
    if (!topics || topics->empty()) return {};  // they have changed since
    // Subscriptions that an API has made or changed since: their events wait for the cursor.
    const Result<int64_t> generation = tx.generation();
    const Result<bool> caught_up = tx.caught_up();
    Result<void> expanded;
    if (!caught_up)
        expanded = caught_up.fault();
    else if (!generation)
        expanded = generation.fault();
    else if (caught_up.value() && generation.value() == topics->generation)
        expanded = expand(tx, added, *topics);
    if (!expanded) ride_ = std::make_shared<Ride>();  // so that done() says it
    return expanded;
}

Result<void> FanOut::expand(Tx& tx, std::vector<Event>& added, const TopicIndex& topics) {
    const Result<int64_t> cursor = tx.cursor();
    if (!cursor) return cursor.fault();
    auto ride = std::make_shared<Ride>();
    ride->from = ride->to = cursor.value();
    const int64_t due_ms = clock_.steady_us() / 1000 + run_ahead_ms_;
    size_t room = most_a_group;
    const int64_t last = added.back().number;
    for (Event& event : added) {
        matcher_.find(topics, event, matches_);
        if (matches_.size() > std::min(most_each, room)) break;
        room -= matches_.size();
        ride->to = event.number;
        if (matches_.empty()) continue;
        Ride::Made& made = ride->made.emplace_back();
        made.event = std::move(event);
        made.deliveries.resize(matches_.size());
        for (size_t i = 0; i < matches_.size(); ++i) {
            Delivery& delivery = made.deliveries[i];
            delivery.event = made.event.number;
            delivery.subscription = matches_[i]->subscription;
            delivery.format = matches_[i]->format;
            delivery.logged = matches_[i]->logged;
            delivery.shape = matches_[i]->shape;
            delivery.due_ms = due_ms;
            const LaneRules* lanes = matches_[i]->lanes.get();
            Result<void> added_one =
                lanes == nullptr ? tx.add_delivery(delivery) : place(tx, *lanes, lane_of(made.event), delivery, due_ms);
            if (!added_one) return added_one;
        }
    }
    if (ride->to == ride->from) return {};
    if (Result<void> moved = tx.set_cursor(ride->to); !moved) return moved;
    behind_ = ride->to != last;
    ride_ = std::move(ride);
    return {};
}

void FanOut::done(const Result<void>& outcome) {
    if (!outcome) behind_ = true;
    if (ride_) mailbox_->post([ride = std::move(ride_), outcome, landed = landed_] { landed(*ride, outcome); });
}

}  // namespace trot
