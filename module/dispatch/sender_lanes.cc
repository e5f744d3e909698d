// What the sender does for deliveries that wait for each other: a batch's members from the store, and those that an end
// lets go.
#include <algorithm>

#include "dispatch/members.h"
#include "dispatch/sender.h"

namespace trot {

// All of the batch; each event as the store has it. Members of one batch wait together for an event that is owed a
// payload.
Sender::Found Sender::find_members(const EndpointRef& endpoint, Item& item) {
    if (item.members) return Found::data;
    Reader* reader = context_.read();
    Result<std::vector<Delivery>> rows =
        reader != nullptr ? reader->members(item.batch) : Fault{Code::store, "the store cannot be read"};
    auto members = std::make_shared<Members>();
    Fault fault = rows ? Fault{Code::ok, {}} : rows.fault();
    if (rows && rows.value().empty()) fault = {Code::not_found, "the store holds nothing of its batch any more"};
    for (size_t i = 0; rows && i < rows.value().size(); ++i) {
        Delivery& delivery = rows.value()[i];
        Result<EventRef> data = cache_.get(*reader, delivery.event, delivery.first_event);
        if (!data) {
            fault = data.fault();
            break;
        }
        item.attempts = std::max(item.attempts, delivery.attempts);
        if ((data.value()->event().flags & event_owed) != 0) {
            item.event = delivery.event;
            if (seams_.park(endpoint->number, item, true)) return Found::parked;
            fault = {Code::store, "nobody asks for its events' payloads now"};
            break;
        }
        members->list.push_back({std::move(delivery), std::move(data).value()});
    }
    if (fault.code == Code::not_found) {
        unsendable(endpoint, item, fault);
        return Found::nothing;
    }
    if (fault.code != Code::ok) {
        if (reader != nullptr) context_.read_failed(fault);
        endpoint->backlog.push_front(std::move(item));
        return Found::unreadable;
    }
    switch (seams_.shape_members(endpoint, item, *members)) {
        case Shaper::Shaping::ready:
            break;
        case Shaper::Shaping::taken:
            return Found::nothing;
        default:
            endpoint->backlog.push_front(std::move(item));
            return Found::unreadable;
    }
    item.data = members->list.front().data;
    item.members = std::move(members);
    return Found::data;
}

Outcome Sender::outcome_of(const Item& item) const {
    Outcome outcome;
    outcome.attempt.delivery = item.number;
    outcome.attempt.number = item.attempts + 1;
    outcome.batch = item.batch != 0;
    return outcome;
}

// Several ended with it, and others of its lane may wait for that.
void Sender::let_go(const Endpoint& endpoint, const Item& item, Outcome& outcome) {
    if (outcome.state == DeliveryState::pending) return;
    if (item.members && outcome.state != DeliveryState::cancelled)
        (outcome.state == DeliveryState::delivered ? context_.counters.delivered : context_.counters.dead)
            .fetch_add(item.members->list.size() - 1, std::memory_order_relaxed);  // the first is counted already
    // Which of a batch's members are in a lane the store knows.
    if (item.sequence == 0 && item.batch == 0) return;
    outcome.lets_go = std::max(1U, endpoint.settings->batch.most);
    outcome.let_go_ms = context_.run.now_ms();
}

void Sender::wake_freed(const OutcomeBatch& batch) {
    for (const OutcomeBatch::Freed& freed : batch.freed) {
        if (freed.delivery.state == DeliveryState::gathering)
            seams_.gathers(freed.delivery);
        else
            offer(batch.endpoints[freed.by], freed.delivery, nullptr);
    }
    if (batch.doubtful)
        for (const EndpointRef& endpoint : batch.endpoints) read_anew(endpoint);
}

}  // namespace trot
