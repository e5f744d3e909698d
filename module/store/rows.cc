#include "store/rows.h"

namespace trot {

Event read_event(const Stmt& row, bool with_payload) {
    Event event;
    event.number = row.number(0);
    event.topic = row.text(1);
    event.resource = row.text(2);
    event.resource_id = row.text(3);
    event.action = row.text(4);
    event.hook = row.text(5);
    event.at_ms = row.number(6);
    event.flags = static_cast<uint32_t>(row.number(7));
    event.method = row.text(8);
    event.path = row.text(9);
    event.status = static_cast<int>(row.number(10));
    event.capture = row.text(11);
    event.item = static_cast<uint32_t>(row.number(12));
    if (!with_payload) return event;
    event.payload = std::make_shared<const std::string>(row.text(event_width));
    const std::string_view previous = row.text(event_width + 1);
    if (!previous.empty()) event.previous = std::make_shared<const std::string>(previous);
    const std::string_view context = row.text(event_width + 2);
    if (!context.empty()) event.context = std::make_shared<const std::string>(context);
    const std::string_view origin = row.text(event_width + 3);
    if (!origin.empty()) event.origin = std::make_shared<const std::string>(origin);
    return event;
}

Delivery read_delivery(const Stmt& row) {
    Delivery delivery;
    delivery.number = row.number(0);
    delivery.event = row.number(1);
    delivery.subscription = row.number(2);
    delivery.format = row.text(3);
    delivery.state = static_cast<DeliveryState>(row.number(4));
    delivery.due_ms = row.number(5);
    delivery.attempts = static_cast<unsigned>(row.number(6));
    delivery.last_status = static_cast<int>(row.number(7));
    delivery.last_error = row.text(8);
    delivery.finished_ms = row.number(9);
    delivery.logged = row.number(10) != 0;
    delivery.lane = row.text(11);
    delivery.sequence = row.number(12);
    delivery.first_event = row.number(13);
    delivery.opened_ms = row.number(14);
    delivery.batch = row.number(15);
    delivery.shape = row.number(16);
    delivery.uncounted = static_cast<unsigned>(row.number(17));
    delivery.deaths = static_cast<unsigned>(row.number(18));
    delivery.task = row.number(19);
    return delivery;
}

Attempt read_attempt(const Stmt& row) {
    Attempt attempt;
    attempt.delivery = row.number(0);
    attempt.number = static_cast<unsigned>(row.number(1));
    attempt.at_ms = row.number(2);
    attempt.duration_ms = row.number(3);
    attempt.status = static_cast<int>(row.number(4));
    attempt.error = row.text(5);
    attempt.answer = row.text(6);
    attempt.head = row.text(7);
    return attempt;
}

HydrationRow read_hydration(const Stmt& row) {
    HydrationRow order;
    order.event = row.number(0);
    order.order.target = row.text(1);
    order.order.pointer = row.text(2);
    order.tries = static_cast<unsigned>(row.number(3));
    order.due_ms = row.number(4);
    order.owed = row.number(5) != 0;
    order.wanted = row.number(6) != 0;
    order.expanded = row.number(7) != 0;
    return order;
}

SubscriptionRow read_subscription(const Stmt& row) {
    SubscriptionRow subscription;
    subscription.number = row.number(0);
    subscription.name = row.text(1);
    subscription.origin = row.text(2);
    subscription.url = row.text(3);
    subscription.topics = row.text(4);
    subscription.format = row.text(5);
    subscription.state = static_cast<SubscriptionState>(row.number(6));
    subscription.reason = row.text(7);
    subscription.failures = static_cast<unsigned>(row.number(8));
    subscription.created_ms = row.number(9);
    subscription.changed_ms = row.number(10);
    subscription.filter = row.text(11);
    subscription.since = row.number(12);
    subscription.generation = row.number(13);
    subscription.failing_ms = row.number(14);
    return subscription;
}

Stmt& bind_subscription(Stmt& statement, const SubscriptionRow& row) {
    return statement.bind(1, row.number)
        .bind(2, row.origin)
        .bind(3, row.name)
        .bind(4, row.url)
        .bind(5, row.topics)
        .bind(6, row.format)
        .bind(7, static_cast<int64_t>(row.state))
        .bind(8, row.reason)
        .bind(9, static_cast<int64_t>(row.failures))
        .bind(10, row.created_ms)
        .bind(11, row.changed_ms);
}

}  // namespace trot
