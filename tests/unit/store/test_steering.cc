// What an operator does to a subscription: it holds only from the state that he saw, is seen by the leader, and
// outlives a reload. And what alarms are told of subscriptions and dead letters.
#include "tests/unit/store/managed_fixture.h"

namespace {

using namespace trot_test;

SubscriptionRow put(Store& store, const std::string& name, const std::string& topics = "order.*") {
    SubscriptionRow row;
    row.name = name;
    row.origin = "file";
    row.url = "https://warehouse.example/" + name;
    row.topics = topics;
    row.format = "standard";
    assert_fine(write_now(store, [&](Tx& tx) { return tx.put_subscription(row); }));
    return row;
}

SubscriptionRow row_of(Open& open, const std::string& name) {
    const auto rows = open.reader->subscriptions();
    assert_fine(rows);
    for (const SubscriptionRow& row : rows.value())
        if (row.name == name) return row;
    fail_msg("no subscription %s", name.c_str());
    return {};
}

Result<void> steer(Open& open, int64_t number, SubscriptionState from, const std::string& why, SubscriptionState to,
                   const std::string& reason = "") {
    return write_now(*open.store, [&](Tx& tx) { return tx.steer_subscription(number, {from, why, 0}, to, reason); });
}

Delivery made(Store& store, int64_t subscription, int64_t due_ms, DeliveryState state = DeliveryState::pending,
              int64_t finished_ms = 0, const std::string& error = "") {
    Delivery delivery;
    assert_fine(write_now(store, [&](Tx& tx) -> Result<void> {
        Event event = some_event();
        if (Result<void> added = tx.add_event(event); !added) return added;
        delivery = Delivery();
        delivery.event = event.number;
        delivery.subscription = subscription;
        delivery.format = "standard";
        delivery.due_ms = due_ms;
        delivery.state = state;
        delivery.finished_ms = finished_ms;
        delivery.last_error = error;
        return tx.add_delivery(delivery);
    }));
    return delivery;
}

void a_disabled_one_is_active_again_and_its_failures_are_forgotten(void**) {
    TempDir dir;
    Open open(dir / "store");
    const int64_t number = put(*open.store, "a").number;
    assert_fine(write_now(
        *open.store, [&](Tx& tx) { return tx.set_subscription(number, SubscriptionState::disabled, "gone", 3, 77); }));
    const int64_t disabled_ms = row_of(open, "a").changed_ms;
    const int64_t generation = open.reader->generation().value();
    // Not from a state that it is not in.
    const Result<void> wrong = steer(open, number, SubscriptionState::paused, "gone", SubscriptionState::active);
    assert_false(wrong.ok());
    assert_int_equal(wrong.fault().code, Code::refused);
    assert_int_equal(row_of(open, "a").failures, 3);
    assert_fine(steer(open, number, SubscriptionState::disabled, "gone", SubscriptionState::active));
    const SubscriptionRow row = row_of(open, "a");
    assert_int_equal(row.state, SubscriptionState::active);
    assert_string_equal(row.reason.c_str(), "");
    assert_int_equal(row.failures, 0);
    assert_int_equal(row.failing_ms, 0);
    assert_true(row.changed_ms > disabled_ms);
    // The leader hears of it.
    const auto heard = open.reader->managed_after(generation).value();
    assert_int_equal(heard.size(), 1);
    assert_int_equal(heard.front().number, number);
    assert_true(open.reader->generation().value() > generation);
}

void a_reload_keeps_what_an_operator_said(void**) {
    TempDir dir;
    Open open(dir / "store");
    const int64_t number = put(*open.store, "a").number;
    assert_fine(steer(open, number, SubscriptionState::active, "", SubscriptionState::paused, paused_by_operator));
    const SubscriptionRow after = put(*open.store, "a", "entry.*");
    assert_int_equal(after.state, SubscriptionState::paused);
    assert_string_equal(after.reason.c_str(), paused_by_operator);
    assert_int_equal(open.reader->managed_after(open.reader->generation().value() - 1).value().size(), 1);
    // Since when one is disabled is not lost in a change of its topics.
    assert_fine(write_now(
        *open.store, [&](Tx& tx) { return tx.set_subscription(number, SubscriptionState::disabled, "gone", 3, 77); }));
    const int64_t disabled_ms = row_of(open, "a").changed_ms;
    std::this_thread::sleep_for(std::chrono::milliseconds(3));  // a later time can be told
    put(*open.store, "a", "order.*");
    assert_int_equal(row_of(open, "a").changed_ms, disabled_ms);
}

void what_an_attempt_led_to_does_not_overwrite_it(void**) {
    TempDir dir;
    Open open(dir / "store");
    const int64_t number = put(*open.store, "a").number;
    const auto move = [&](SubscriptionState from, const std::string& why) {
        assert_fine(write_now(*open.store, [&](Tx& tx) {
            return tx.move_subscription(number, {from, why, 0}, SubscriptionState::disabled, "gone", 5, 88);
        }));
    };
    assert_fine(steer(open, number, SubscriptionState::active, "", SubscriptionState::paused, paused_by_operator));
    move(SubscriptionState::active, "");
    assert_int_equal(row_of(open, "a").state, SubscriptionState::paused);
    assert_int_equal(row_of(open, "a").failures, 0);
    move(SubscriptionState::paused, paused_by_operator);
    assert_int_equal(row_of(open, "a").state, SubscriptionState::disabled);
    assert_int_equal(row_of(open, "a").failures, 5);
}

// One of an API gets nothing from between, unless it was an operator who paused it: then that waits for it.
void what_came_meanwhile_is_not_its(void**) {
    TempDir dir;
    Open open(dir / "store");
    ManagedRow managed = added(*open.store, some_managed("shop"));
    const int64_t number = managed.row.number;
    const auto pass = [&] {
        assert_fine(write_now(*open.store, [](Tx& tx) {
            Event event = some_event();
            return tx.add_event(event);
        }));
    };
    const auto since = [&] { return open.reader->managed(number).value().row.since; };
    pass();
    const int64_t first = since();
    assert_fine(steer(open, number, SubscriptionState::active, "", SubscriptionState::paused, paused_by_operator));
    pass();
    assert_fine(steer(open, number, SubscriptionState::paused, paused_by_operator, SubscriptionState::active));
    assert_int_equal(since(), first);
    managed = open.reader->managed(number).value();
    managed.row.state = SubscriptionState::disabled;
    managed.row.reason = "gone";
    assert_fine(changed(*open.store, managed));
    pass();
    assert_fine(steer(open, number, SubscriptionState::disabled, "gone", SubscriptionState::active));
    assert_int_equal(since(), open.reader->newest_event().value());
}

void alarms_are_told_what_is_late_and_what_is_dead(void**) {
    TempDir dir;
    Open open(dir / "store");
    const int64_t active = put(*open.store, "active").number;
    const int64_t other = put(*open.store, "other").number;
    const int64_t paused = put(*open.store, "paused").number;
    const int64_t gone = put(*open.store, "gone").number;
    assert_int_equal(open.reader->subscription_figures().value().oldest_due_ms, 0);
    assert_fine(steer(open, paused, SubscriptionState::active, "", SubscriptionState::paused, paused_by_operator));
    assert_fine(write_now(*open.store, [](Tx& tx) { return tx.keep_subscriptions({"active", "other", "paused"}); }));
    made(*open.store, paused, 100);
    made(*open.store, gone, 50);
    made(*open.store, active, 0);  // asked for by hand: due since ever
    made(*open.store, active, 900);
    made(*open.store, other, 700);
    made(*open.store, other, 300, DeliveryState::delivered, 400);
    const SubscriptionFigures figures = open.reader->subscription_figures().value();
    assert_int_equal(figures.active, 2);
    assert_int_equal(figures.paused, 1);
    assert_int_equal(figures.disabled, 0);
    assert_int_equal(figures.oldest_due_ms, 700);

    made(*open.store, active, 0, DeliveryState::dead, 5000, "timeout");
    const Delivery poison = made(*open.store, other, 0, DeliveryState::dead, 100, "quarantined");
    DeadFigures dead = open.reader->dead_figures(4000).value();
    assert_int_equal(dead.recent, 1);
    assert_int_equal(dead.quarantined, 1);
    // Sent again it is no trouble any more, though nobody was restarted.
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.redeliver(poison.number); }));
    dead = open.reader->dead_figures(0).value();
    assert_int_equal(dead.recent, 1);
    assert_int_equal(dead.quarantined, 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_disabled_one_is_active_again_and_its_failures_are_forgotten),
        cmocka_unit_test(a_reload_keeps_what_an_operator_said),
        cmocka_unit_test(what_an_attempt_led_to_does_not_overwrite_it),
        cmocka_unit_test(what_came_meanwhile_is_not_its),
        cmocka_unit_test(alarms_are_told_what_is_late_and_what_is_dead),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
