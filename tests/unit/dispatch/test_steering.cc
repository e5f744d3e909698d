// An operator pauses and resumes subscriptions of the configuration while the dispatcher runs, reloads and restarts.
#include "dispatch/subscriptions.h"
#include "rig.h"

using namespace trot_test;

static void steer(Rig& rig, const std::string& name, SubscriptionState to) {
    const SubscriptionRow row = rig.row(name);
    assert_fine(write_now(*rig.store, [&](Tx& tx) {
        return tx.steer_subscription(row.number, {row.state, row.reason, 0}, to,
                                     to == SubscriptionState::paused ? paused_by_operator : "");
    }));
    if (rig.dispatcher) rig.dispatcher->subscriptions_changed();
}

static void reload(Rig& rig, std::vector<Subscription> subscriptions) {
    rig.plan = plan_of(std::move(subscriptions));
    rig.dispatcher->swap(rig.plan);
}

static void what_is_paused_waits_through_reload_and_restart(void**) {
    Rig rig(plan_of({subscription("a", {"order.*"}), subscription("b", {"order.*"})}));
    rig.start();
    rig.add(1);
    assert_true(rig.settled(2));
    steer(rig, "a", SubscriptionState::paused);
    // From the moment that it is written: nobody has to wait for the dispatcher to see it.
    rig.add(3);
    assert_true(
        eventually([&] { return rig.wire.sent_to("/b").size() == 4 && rig.deliveries("pending").size() == 3; }));
    reload(rig, {subscription("a", {"order.*"}, {50, 50, 50, 50}), subscription("b", {"order.*"})});
    rig.add(1);
    assert_true(eventually([&] { return rig.wire.sent_to("/b").size() == 5; }));
    rig.close();
    rig.open();
    rig.start();
    rig.add(1);
    assert_true(eventually([&] { return rig.deliveries("pending").size() == 5; }));
    assert_int_equal(rig.wire.sent_to("/a").size(), 1);
    assert_string_equal(rig.row("a").reason.c_str(), paused_by_operator);
    steer(rig, "a", SubscriptionState::active);
    assert_true(rig.settled(12));
    assert_int_equal(rig.wire.sent_to("/a").size(), 6);
    assert_false(rig.wire.doubled);
}

static void a_disabled_one_goes_on_and_no_reload_disables_it_again(void**) {
    Subscription one = subscription("a", {"order.*"});
    one.concurrency = 1;
    Rig rig(plan_of({one, subscription("b", {"order.*"})}));
    std::atomic<bool> gone{true};
    rig.wire.script([&](const Sent& sent, size_t) { return Answer{gone && sent.url.ends_with("/a") ? 410 : 200}; });
    rig.start();
    rig.add(3);
    assert_true(eventually([&] { return rig.row("a").state == SubscriptionState::disabled; }));
    rig.add(2);  // no delivery is made of these
    assert_true(eventually([&] { return rig.wire.sent_to("/b").size() == 5; }));
    assert_true(eventually([&] { return rig.deliveries("pending").size() == 2; }));
    gone = false;
    steer(rig, "a", SubscriptionState::active);
    rig.add(1);
    assert_true(
        eventually([&] { return rig.deliveries("delivered").size() == 9; }));  // 6 of b, 2 that waited, the next
    assert_int_equal(rig.wire.sent_to("/a").size(), 4);
    reload(rig, {one, subscription("b", {"order.*"})});
    rig.add(1);
    assert_true(eventually([&] { return rig.wire.sent_to("/a").size() == 5; }));
    rig.close();
    rig.open();
    rig.start();
    rig.add(1);
    assert_true(eventually([&] { return rig.wire.sent_to("/a").size() == 6; }));
    assert_int_equal(rig.row("a").state, SubscriptionState::active);
    assert_int_equal(rig.row("a").failures, 0);
}

// It has failed for long; the first failure after it was resumed must not count from then.
static void a_resumed_one_has_a_new_chance(void**) {
    Subscription one = subscription("a", {"order.*"}, std::vector<int64_t>(90, 100));
    one.health.disable_after_ms = 60 * 60000;
    one.health.trip_row = 0;
    one.health.trip_percent = 0;
    Rig rig(plan_of({one}));
    rig.wire.script([](const Sent&, size_t) { return Answer{500}; });
    rig.start();
    rig.add(1);
    assert_true(rig.wire.wait(2));  // the first one's failure has been noted
    rig.clock.steady_jump_us += int64_t{2} * 60 * 60 * 1000000;
    rig.clock.jump_ms += int64_t{2} * 60 * 60 * 1000;
    assert_true(eventually([&] { return rig.row("a").state == SubscriptionState::disabled; }));
    const size_t before = rig.wire.count();
    steer(rig, "a", SubscriptionState::active);
    assert_true(rig.wire.wait(before + 2));
    assert_int_equal(rig.row("a").state, SubscriptionState::active);
}

static void what_the_configuration_pauses_stays_paused(void**) {
    Rig rig(plan_of({subscription("a", {"order.*"})}));
    rig.start();
    assert_true(eventually([&] { return rig.counters.leader == 1; }));
    rig.add(1);
    assert_true(rig.settled(1));
    steer(rig, "a", SubscriptionState::paused);
    Subscription paused = subscription("a", {"order.*"});
    paused.paused = true;
    reload(rig, {paused});
    rig.add(1);
    assert_true(eventually([&] { return rig.deliveries("pending").size() == 1; }));
    steer(rig, "a", SubscriptionState::active);
    assert_true(eventually([&] { return rig.row("a").reason == paused_by_file; }));
    assert_int_equal(rig.wire.count(), 1);
    reload(rig, {subscription("a", {"order.*"})});
    assert_true(rig.settled(2));
}

// What comes between the reading and the writing of a reload is heeded, and so is what an attempt under way led to.
static void nobody_overwrites_an_operator(void**) {
    Rig rig(plan_of({subscription("a", {"order.*"})}));
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    const SubscriptionRow seen = rig.row("a");
    SubscriptionSet set;
    set.plan = plan_of({subscription("a", {"order.*"})});
    set.rows = {seen};
    set.seen = {seen};
    set.moved = {false};
    set.changes = {decide_state(&seen, set.plan->subscriptions[0], false)};
    set.names = {"a"};
    rig.wire.script([](const Sent&, size_t) { return Answer{410, 100}; });
    rig.add(1);
    assert_true(rig.wire.wait(2));
    const SubscriptionRow row = rig.row("a");
    assert_fine(write_now(*rig.store, [&](Tx& tx) {
        return tx.steer_subscription(row.number, {row.state, row.reason, 0}, SubscriptionState::paused,
                                     paused_by_operator);
    }));
    assert_fine(write_now(*rig.store, [&](Tx& tx) { return set.write(tx, false); }));
    assert_string_equal(rig.row("a").reason.c_str(), paused_by_operator);
    assert_int_equal(set.changes[0].state, SubscriptionState::paused);
    assert_true(eventually([&] { return rig.deliveries("dead").size() == 1; }));
    rig.dispatcher->subscriptions_changed();
    rig.wire.script(nullptr);
    rig.add(1);
    assert_true(eventually([&] { return rig.deliveries("pending").size() == 1; }));
    assert_string_equal(rig.row("a").reason.c_str(), paused_by_operator);
    steer(rig, "a", SubscriptionState::active);
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 2; }));
}

static void a_test_is_for_one_alone_and_tried_once(void**) {
    Rig rig(plan_of({subscription("a", {"order.*"}), subscription("b", {"order.*"})}));
    rig.wire.script([](const Sent&, size_t) { return Answer{500}; });
    rig.start();
    assert_true(eventually([&] { return rig.counters.leader == 1 && rig.row("a").number != 0; }));
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        Event event = some_event("trotline.test");
        event.hook = test_hook;
        event.flags |= event_private;
        if (Result<void> added = tx.add_event(event); !added) return added;
        Delivery delivery;
        delivery.event = event.number;
        delivery.subscription = rig.row("a").number;
        delivery.format = "standard";
        if (Result<void> made = tx.add_delivery(delivery); !made) return made;
        return tx.touch_subscription(delivery.subscription);
    }));
    rig.dispatcher->subscriptions_changed();
    assert_true(eventually([&] { return rig.deliveries("dead").size() == 1; }));
    assert_int_equal(rig.wire.count(), 1);
    assert_int_equal(rig.wire.sent_to("/a").size(), 1);
    assert_int_equal(rig.row("a").failures, 0);
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_paused_waits_through_reload_and_restart),
        cmocka_unit_test(a_disabled_one_goes_on_and_no_reload_disables_it_again),
        cmocka_unit_test(a_resumed_one_has_a_new_chance),
        cmocka_unit_test(what_the_configuration_pauses_stays_paused),
        cmocka_unit_test(nobody_overwrites_an_operator),
        cmocka_unit_test(a_test_is_for_one_alone_and_tried_once),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
