// A slow, dead or returning endpoint harms nobody else and is not harmed itself.
#include "rig.h"

using namespace trot_test;

static int64_t now_ms() { return system_clock().steady_us() / 1000; }

static void slow_endpoint_harms_nobody(void**) {
    std::vector<Subscription> ten;
    for (int i = 0; i < 9; ++i) ten.push_back(subscription("fast" + std::to_string(i)));
    ten.push_back(subscription("slow"));
    auto plan = plan_of(ten);
    plan->egress.connections = 32;
    Rig rig(plan);
    rig.wire.script([](const Sent& one, size_t) {
        return one.url.ends_with("/slow") ? Answer{200, -1} : Answer{200, 2};
    });
    rig.start();
    rig.add(300);
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 2700; }, 30000));
    // It never answers, and holds no more than its own cap.
    assert_int_equal(rig.wire.sent_to("/slow").size(), 8);
}

static void no_endpoint_takes_more_than_a_quarter(void**) {
    auto plan = plan_of({subscription("greedy", {"order.*"}), subscription("modest", {"entry.*"})});
    plan->egress.connections = 32;
    plan->subscriptions[0].concurrency = 1000;
    Rig rig(plan);
    rig.wire.script([](const Sent& one, size_t) {
        return one.url.ends_with("/greedy") ? Answer{200, -1} : Answer{200, 0};
    });
    rig.start();
    rig.add(100);
    assert_true(rig.wire.wait(8));
    rig.add(20, "entry.created");
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 20; }));
    assert_int_equal(rig.wire.sent_to("/greedy").size(), 8);
}

static void many_slow_ones_leave_room(void**) {
    // Six endpoints of 1.2 s and more with 4 slots each could hold all 16; the fast one still goes on.
    std::vector<Subscription> all;
    for (int i = 0; i < 6; ++i) {
        all.push_back(subscription("slow" + std::to_string(i), {"order.*"}));
        all.back().concurrency = 4;
    }
    all.push_back(subscription("fast", {"entry.*"}));
    auto plan = plan_of(all);
    plan->egress.connections = 16;
    Rig rig(plan);
    // The duration that counts is what the transport reports: a long one at once makes them known as slow.
    rig.wire.script([](const Sent& one, size_t nth) {
        if (one.url.ends_with("/fast")) return Answer{200, 0};
        return nth <= 4 ? Answer{200, 1200} : Answer{200, -1};
    });
    rig.start();
    rig.add(200);
    assert_true(rig.wire.wait(16));
    const int64_t start = now_ms();
    rig.add(50, "entry.created");
    assert_true(eventually([&] { return rig.wire.sent_to("/fast").size() == 50; }, 20000));
    assert_true(now_ms() - start < 15000);
}

static void a_dead_endpoint_is_asked_once_a_second(void**) {
    Rig rig(plan_of({subscription("dead", {"*"}, {100, 200, 300, 400, 500, 600, 700})}));
    rig.wire.script([](const Sent&, size_t) { return Answer{500, 1}; });
    rig.start();
    rig.add(500);
    assert_true(rig.wire.wait(10));
    assert_true(eventually([&] {
        return rig.dispatcher->status_json().find("\"open\":1") != std::string::npos && rig.counters.inflight == 0;
    }));
    const size_t burst = rig.wire.count();
    assert_true(burst <= 10 + 8 + 1);  // ten failures, what was in flight meanwhile, one probe
    assert_true(rig.wire.wait(burst + 2, 6000));
    const auto sent = rig.wire.sent();
    for (size_t i = burst; i + 1 < sent.size(); ++i) assert_true(sent[i + 1].steady_ms - sent[i].steady_ms >= 900);
    assert_true(rig.dispatcher->status_json().find("\"open\":1") != std::string::npos);
}

static void a_returning_endpoint_is_not_knocked_over(void**) {
    Rig rig(plan_of({subscription("back", {"*"}, {100, 100, 100, 100, 100, 100})}));
    std::atomic<bool> healed{false};
    rig.plan->subscriptions[0].concurrency = 64;
    rig.wire.script([&](const Sent&, size_t) { return Answer{healed ? 200 : 503, 5}; });
    rig.start();
    rig.add(400);
    assert_true(rig.wire.wait(10));
    assert_true(eventually([&] {
        return rig.dispatcher->status_json().find("\"open\":1") != std::string::npos && rig.counters.inflight == 0;
    }));
    const size_t before = rig.wire.count();
    healed = true;
    assert_true(rig.settled(400, 30000));
    const auto sent = rig.wire.sent();
    size_t most = 1;
    // The first healthy answer of a probe, then never more than doubling.
    size_t answered = 0;
    for (size_t i = before; i < sent.size(); ++i) {
        most = std::max(most, sent[i].beside);
        if (sent[i].beside > 2 * (answered + 1)) fail_msg("%zu at once after %zu", sent[i].beside, answered);
        ++answered;
    }
    assert_in_range(most, 4, 64);
}

// Thousands are due when it heals: in the first second it gets no more than its cap, and what is new does not wait.
static void a_herd_waits_for_its_turn(void**) {
    Rig rig(plan_of({subscription("back", {"*"}, std::vector<int64_t>(90, 100))}));
    std::atomic<bool> healed{false};
    rig.wire.script([&](const Sent&, size_t) { return Answer{healed ? 200 : 503, 1}; });
    rig.start();
    rig.add(3000);
    assert_true(eventually([&] { return rig.counters.opened > 0 && rig.counters.inflight == 0; }));
    healed = true;
    assert_true(eventually([&] { return rig.counters.delivered > 0; }));
    rig.add(1, "late.arrival");
    assert_true(eventually(
        [&] {
            for (const Sent& one : rig.wire.sent())
                if (one.body.find("late.arrival") != std::string::npos) return true;
            return false;
        },
        2000));
    assert_true(rig.settled(3001, 40000));
    const auto sent = rig.wire.sent();
    const size_t probe = rig.wire.count() - 3001;  // all from there on were delivered
    size_t first_second = 0;
    for (size_t i = probe + 1; i < sent.size(); ++i)
        if (sent[i].steady_ms - sent[probe + 1].steady_ms < 1000) ++first_second;
    assert_in_range(first_second, 1, 8);
}

static void fresh_events_do_not_wait_behind_a_backlog(void**) {
    auto plan = plan_of({subscription("a")});
    plan->subscriptions[0].paused = true;
    plan->subscriptions[0].concurrency = 1;
    Rig rig(plan);
    rig.start();
    rig.add(5000);
    assert_true(eventually([&] { return rig.deliveries("pending").size() == 5000; }, 30000));
    auto open = plan_of({subscription("a")});
    open->subscriptions[0].concurrency = 1;
    rig.wire.script([](const Sent&, size_t) { return Answer{200, 5}; });
    rig.dispatcher->swap(open);
    assert_true(rig.wire.wait(20));
    rig.add(1, "late.arrival");
    assert_true(eventually(
        [&] {
            for (const Sent& one : rig.wire.sent())
                if (one.body.find("late.arrival") != std::string::npos) return true;
            return false;
        },
        2000));
    assert_true(rig.wire.count() < 3000);
}

static void wall_clock_jumps_neither_storm_nor_stall(void**) {
    for (const int64_t jump : {3600LL * 1000, -3600LL * 1000, 10LL * 365 * 24 * 3600 * 1000}) {
        Rig rig(plan_of({subscription("a", {"*"}, {1500, 1500, 1500})}));
        rig.wire.script([](const Sent&, size_t nth) { return nth <= 5 ? Answer{422, 0} : Answer{200, 0}; });
        rig.start();
        rig.add(5);
        assert_true(eventually([&] { return rig.counters.failed == 5 && rig.wire.count() == 5; }));
        rig.clock.jump_ms = jump;
        const int64_t start = now_ms();
        assert_true(rig.settled(5, 10000));  // no stall
        assert_int_equal(rig.wire.count(), 10);
        assert_true(now_ms() - start < 8000);
    }
}

static void a_due_time_out_of_reach_is_due(void**) {
    // Written while the clock was ten years ahead; then it was put right and the process started again.
    Rig rig(plan_of({subscription("a", {"*"}, {500, 500})}));
    rig.clock.jump_ms = 10LL * 365 * 24 * 3600 * 1000;
    rig.wire.script([](const Sent&, size_t nth) {
        return nth <= 5 ? Answer{503, 0, SendError::none, "3600"} : Answer{};
    });
    rig.start();
    rig.add(5);
    assert_true(eventually([&] { return rig.deliveries().size() == 5 && rig.deliveries()[4].delivery.attempts == 1; }));
    rig.close();
    rig.clock.jump_ms = 0;
    rig.open();
    rig.start();
    assert_true(rig.settled(5));
}

static void retries_of_one_that_is_unwell_are_a_tenth(void**) {
    Subscription one = subscription("a", {"*"}, std::vector<int64_t>(20, 50));
    one.concurrency = 1;
    Rig rig(plan_of({one}));
    std::map<std::string, int> tries;
    size_t fresh = 0, again = 0;  // until the last one has had its first attempt
    rig.wire.script([&](const Sent& sent, size_t nth) {
        const bool first = ++tries[sent.id] == 1;
        if (fresh < 600) ++(first ? fresh : again);
        return Answer{nth % 5 < 2 ? 500 : 200, 1};  // never half of 20: its breaker stays closed
    });
    rig.start();
    rig.add(600);
    assert_true(rig.settled(600, 60000));
    assert_int_equal(rig.deliveries("delivered").size(), 600);
    assert_int_equal(fresh, 600);
    assert_true(again > 0 && again <= fresh / 10 + 5);
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(slow_endpoint_harms_nobody),
        cmocka_unit_test(no_endpoint_takes_more_than_a_quarter),
        cmocka_unit_test(many_slow_ones_leave_room),
        cmocka_unit_test(a_dead_endpoint_is_asked_once_a_second),
        cmocka_unit_test(a_returning_endpoint_is_not_knocked_over),
        cmocka_unit_test(a_herd_waits_for_its_turn),
        cmocka_unit_test(fresh_events_do_not_wait_behind_a_backlog),
        cmocka_unit_test(retries_of_one_that_is_unwell_are_a_tenth),
        cmocka_unit_test(wall_clock_jumps_neither_storm_nor_stall),
        cmocka_unit_test(a_due_time_out_of_reach_is_due),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
