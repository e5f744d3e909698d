// When a delivery is tried again and when it is given up: its schedule, its event's age, and what an operator asked
// for.
#include "rig.h"

using namespace trot_test;

// A delivery as it stands after some attempts; due_ms 0: an operator asks for it.
static Delivery stands(Rig& rig, int64_t event_at_ms, unsigned attempts, unsigned uncounted, int64_t due_ms) {
    Delivery delivery;
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        Event event = some_event();
        event.at_ms = event_at_ms;
        if (Result<void> added = tx.add_event(event); !added) return added;
        if (Result<void> set = tx.set_cursor(event.number); !set) return set;
        delivery.event = event.number;
        delivery.subscription = rig.row("a").number;
        delivery.format = "standard";
        delivery.attempts = attempts;
        delivery.uncounted = uncounted;
        delivery.due_ms = due_ms;
        return tx.add_delivery(delivery);
    }));
    return delivery;
}

static Delivery now_of(Rig& rig, const Delivery& delivery) {
    for (const DeliveryLine& line : rig.deliveries())
        if (line.delivery.number == delivery.number) return line.delivery;
    fail_msg("the delivery has gone");
    return {};
}

// The subscription is there, nobody dispatches.
static void prepare(Rig& rig) {
    rig.start();
    assert_true(eventually([&] { return rig.row("a").number != 0; }));
    rig.dispatcher->stop(1000);
    rig.dispatcher.reset();
}

static void what_an_operator_asks_for_does_not_count(void**) {
    Rig rig(plan_of({subscription("a", {"*"}, {3600000, 7200000, 10800000})}));
    rig.plan->subscriptions[0].jitter = Jitter::none;
    rig.wire.script([](const Sent&, size_t) { return Answer{422, 0}; });
    prepare(rig);
    const int64_t now = system_clock().wall_ms();
    // Two attempts made, then sent again by hand: when that fails, it waits for its third as before.
    const Delivery waiting = stands(rig, now, 2, 1, 0);
    // Four made, none is left: dead before, dead after.
    const Delivery dead = stands(rig, now, 4, 1, 0);
    rig.start();
    assert_true(rig.wire.wait(2));
    assert_true(eventually([&] { return now_of(rig, waiting).attempts == 3 && now_of(rig, dead).attempts == 5; }));
    assert_int_equal(now_of(rig, waiting).state, DeliveryState::pending);
    assert_in_range(now_of(rig, waiting).due_ms - now, 7200000 - 1000, 7200000 + 60000);
    assert_int_equal(now_of(rig, waiting).uncounted, 1);
    assert_int_equal(now_of(rig, dead).state, DeliveryState::dead);
    assert_int_equal(rig.wire.count(), 2);
}

static void an_old_event_is_given_up(void**) {
    Rig rig(plan_of({subscription("a", {"*"}, {100, 100, 100})}));
    rig.plan->subscriptions[0].max_age_ms = 3600000;
    rig.wire.script([](const Sent&, size_t) { return Answer{500, 0}; });
    prepare(rig);
    const int64_t now = system_clock().wall_ms();
    const Delivery old = stands(rig, now - 3700000, 1, 0, now);
    const Delivery asked = stands(rig, now - 3700000, 1, 1, 0);
    const Delivery young = stands(rig, now - 3500000, 1, 0, now);
    rig.start();
    assert_true(rig.settled(3));
    // No attempt is made for the old one, and it says why.
    assert_int_equal(now_of(rig, old).state, DeliveryState::dead);
    assert_string_equal(now_of(rig, old).last_error.c_str(), "expired");
    // An operator may send it all the same; when that fails it is too old again.
    assert_int_equal(now_of(rig, asked).attempts, 2);
    assert_int_equal(now_of(rig, asked).last_status, 500);
    assert_string_equal(now_of(rig, asked).last_error.c_str(), "expired");
    assert_int_equal(now_of(rig, young).attempts, 4);
    assert_string_equal(now_of(rig, young).last_error.c_str(), "");
    assert_int_equal(rig.wire.count(), 1 + 3);
    assert_int_equal(rig.counters.expired.load(), 2);
    assert_int_equal(rig.row("a").failures, 2);  // what was not tried says nothing about the endpoint
}

static void the_next_try_is_not_waited_for_in_vain(void**) {
    Rig rig(plan_of({subscription("a", {"*"}, {100, 7200000})}));
    rig.plan->subscriptions[0].max_age_ms = 3600000;
    rig.plan->subscriptions[0].jitter = Jitter::none;
    rig.wire.script([](const Sent&, size_t) { return Answer{0, 0, SendError::timeout}; });
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    const Delivery delivery = rig.deliveries("dead")[0].delivery;
    assert_int_equal(delivery.attempts, 2);
    assert_string_equal(delivery.last_error.c_str(), "timeout, expired");
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_an_operator_asks_for_does_not_count),
        cmocka_unit_test(an_old_event_is_given_up),
        cmocka_unit_test(the_next_try_is_not_waited_for_in_vain),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
