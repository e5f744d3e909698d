// Retention: what is old and finished goes in steps; what is young or still pending stays, whatever the wall clock
// says.
#include "rig.h"

using namespace trot_test;

static void old_finished_events_go_and_pending_ones_stay(void**) {
    auto plan = plan_of({subscription("a", {"order.*"}), subscription("stuck", {"entry.*"})});
    plan->subscriptions[1].paused = true;
    plan->store.retention_ms = 3000;
    Rig rig(plan);
    rig.start();
    rig.add(1500);
    rig.add(20, "entry.created");
    assert_true(eventually([&] { return rig.counters.delivered == 1500; }, 30000));
    assert_true(eventually([&] { return rig.reader->status().value().events == 20; }, 30000));
    assert_int_equal(rig.deliveries("pending").size(), 20);
}

static void a_clock_far_ahead_does_not_empty_the_store(void**) {
    auto plan = plan_of({subscription("a")});
    plan->store.retention_ms = 3600 * 1000;
    Rig rig(plan);
    rig.start();
    rig.add(50);
    assert_true(rig.settled(50));
    rig.clock.jump_ms = 10LL * 365 * 24 * 3600 * 1000;
    // The first look comes after five seconds.
    assert_false(eventually([&] { return rig.reader->status().value().events != 50; }, 6500));
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(old_finished_events_go_and_pending_ones_stay),
        cmocka_unit_test(a_clock_far_ahead_does_not_empty_the_store),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
