// An endpoint's rate, pace, age of failures and return, with the real store: what the dispatcher makes of the rules.
#include <jansson.h>

#include "rig.h"

using namespace trot_test;

static constexpr int64_t minute_us = int64_t{60} * 1000000;

static bool status_has(Rig& rig, const std::string& text) {
    return eventually([&] { return rig.dispatcher->status_json().find(text) != std::string::npos; }, 10000);
}

static void a_rate_is_kept(void**) {
    auto plan = plan_of({subscription("a")});
    plan->subscriptions[0].health.rate = uint64_t{40} * 3600;
    plan->subscriptions[0].health.burst = 1;
    Rig rig(plan);
    rig.start();
    rig.add(41);
    assert_true(rig.settled(41));
    const auto sent = rig.wire.sent();
    assert_int_equal(sent.size(), 41);
    assert_in_range(sent.back().steady_ms - sent.front().steady_ms, 980, 5000);
    assert_true(status_has(rig, "\"rate_an_hour\":144000"));
}

// Ten subscriptions at one origin that share it: eight in flight in all, each of them gets its turn, and a rate counts
// for all together.
static void those_who_share_an_origin_take_turns(void**) {
    std::vector<Subscription> ten;
    for (int i = 0; i < 10; ++i) {
        ten.push_back(subscription("s" + std::to_string(i)));
        ten.back().health.share_origin = true;
    }
    auto plan = plan_of(ten);
    plan->egress.connections = 64;
    Rig rig(plan);
    rig.wire.script([&](const Sent&, size_t) { return Answer{200, 5}; });
    rig.start();
    rig.add(40);
    assert_true(rig.settled(400));
    const auto sent = rig.wire.sent();
    assert_int_equal(sent.size(), 400);
    // 400 attempts of 5 ms, 8 at once: 250 ms at least.
    assert_true(sent.back().steady_ms - sent.front().steady_ms >= 240);
    // Nobody is left behind: in the first half each had at least a quarter of its share.
    std::map<std::string, int> turns;
    for (size_t i = 0; i < sent.size() / 2; ++i) ++turns[sent[i].url];
    assert_int_equal(turns.size(), 10);
    for (const auto& [url, count] : turns) assert_true(count >= 5);
}

// Ten that never answer hold no more than one of them could.
static void a_shared_origin_holds_no_more_than_one_endpoint(void**) {
    std::vector<Subscription> all;
    for (int i = 0; i < 10; ++i) {
        all.push_back(subscription("never" + std::to_string(i)));
        all.back().health.share_origin = true;
        all.back().concurrency = 100;
    }
    all.push_back(subscription("fast"));
    auto plan = plan_of(all);
    plan->egress.connections = 32;
    Rig rig(plan);
    rig.wire.script([](const Sent& one, size_t) { return Answer{200, one.url.ends_with("/fast") ? 0 : -1}; });
    rig.start();
    rig.add(100);
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 100; }));
    assert_int_equal(rig.wire.sent_to("/never").size(), 8);  // a quarter of 32
}

static void a_shared_rate_counts_for_all(void**) {
    std::vector<Subscription> four;
    for (int i = 0; i < 4; ++i) {
        four.push_back(subscription("s" + std::to_string(i)));
        four.back().health.share_origin = true;
        four.back().health.rate = uint64_t{40} * 3600;
        four.back().health.burst = 1;
    }
    four.push_back(subscription("apart"));
    Rig rig(plan_of(four));
    rig.start();
    rig.add(10);
    assert_true(rig.settled(50));
    std::vector<Sent> shared;
    for (const Sent& one : rig.wire.sent())
        if (!one.url.ends_with("/apart")) shared.push_back(one);
    assert_int_equal(shared.size(), 40);
    assert_in_range(shared.back().steady_ms - shared.front().steady_ms, 960, 6000);
    // Those who do not share are not slowed.
    const auto apart = rig.wire.sent_to("/apart");
    assert_true(apart.back().steady_ms - apart.front().steady_ms < 900);
}

// One of those who share is dead: its breaker opens, and it holds up nobody.
static void a_dead_one_does_not_block_the_origin(void**) {
    std::vector<Subscription> three;
    for (const char* name : {"dead", "one", "two"}) {
        three.push_back(subscription(name, {"*"}, {60000}));
        three.back().health.share_origin = true;
        three.back().concurrency = 2;
    }
    Rig rig(plan_of(three));
    rig.wire.script([](const Sent& one, size_t) { return Answer{one.url.ends_with("/dead") ? 500 : 200, 1}; });
    rig.start();
    rig.add(200);
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 400; }, 20000));
    assert_true(rig.wire.sent_to("/dead").size() <= 40);
}

// One attempt is still on the wire when the breaker's pause is over: the probe goes after its end, and nobody else is
// held up meanwhile.
static void a_probe_waits_for_an_attempt_from_before(void**) {
    auto plan = plan_of({subscription("a", {"*"}, std::vector<int64_t>(9, 1000)), subscription("b")});
    plan->subscriptions[0].health.trip_row = 3;
    plan->subscriptions[0].concurrency = 4;
    Rig rig(plan);
    rig.wire.script([](const Sent& one, size_t nth) {
        if (!one.url.ends_with("/a") || nth > 4) return Answer{};
        return nth == 1 ? Answer{200, 2500} : Answer{500, 0};
    });
    rig.start();
    rig.add(8);
    assert_true(eventually([&] { return rig.counters.opened == 1; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(1400));  // the pause is 1 s to 1.25 s
    assert_int_equal(rig.wire.sent_to("/a").size(), 4);
    rig.add(1);
    assert_true(eventually([&] { return rig.wire.sent_to("/b").size() == 9; }, 10000));
    assert_true(rig.settled(18));
    assert_int_equal(rig.deliveries("delivered").size(), 18);
}

// The address has been left while an attempt was on the wire there: its 410 does not disable the new one.
static void what_an_address_says_that_was_left_is_not_about_the_new_one(void**) {
    Rig rig(plan_of({subscription("a", {"*"}, {50, 50})}));
    rig.wire.script([](const Sent& one, size_t) { return one.url.ends_with("/a") ? Answer{410, 1500} : Answer{}; });
    rig.start();
    rig.add(1);
    assert_true(rig.wire.wait(1));
    auto moved = plan_of({subscription("a", {"*"}, {50, 50})});
    moved->subscriptions[0].url.text += "/new";
    rig.dispatcher->swap(moved);
    assert_true(eventually([&] { return rig.row("a").url.ends_with("/new"); }));
    rig.add(1);
    assert_true(rig.settled(2));
    assert_int_equal(rig.counters.disabled.load(), 0);
    rig.add(1);
    assert_true(rig.settled(3));
    assert_int_equal(rig.deliveries("delivered").size(), 2);
    assert_int_equal(rig.row("a").state, SubscriptionState::active);
}

// How long the address before has failed does not count against the one that came after it.
static void a_new_address_begins_without_an_age_of_failures(void**) {
    const auto plan = [](const std::string& path) {
        auto out = plan_of({subscription("a", {"*"}, std::vector<int64_t>(90, 100))});
        out->subscriptions[0].url.text += path;
        out->subscriptions[0].health.trip_row = out->subscriptions[0].health.trip_percent = 0;
        out->subscriptions[0].health.disable_after_ms = 120000;
        return out;
    };
    Rig rig(plan(""));
    rig.wire.script([](const Sent&, size_t) { return Answer{500, 0}; });
    rig.start();
    rig.add(1);
    assert_true(rig.wire.wait(2));
    rig.clock.steady_jump_us += 70000000;  // the run clock makes 52 s of it, and 112 s of what comes below
    rig.dispatcher->swap(plan("/new"));
    assert_true(eventually([&] { return rig.wire.sent_to("/new").size() >= 2; }));
    rig.clock.steady_jump_us += 150000000;
    const size_t sent = rig.wire.count();
    assert_true(rig.wire.wait(sent + 3));
    assert_int_equal(rig.counters.disabled.load(), 0);
}

static void too_many_requests_slow_it_down(void**) {
    // It can do with two at once, and says so.
    auto plan = plan_of({subscription("a", {"*"}, std::vector<int64_t>(90, 100))});
    plan->subscriptions[0].concurrency = 32;
    plan->egress.connections = 64;
    Rig rig(plan);
    rig.wire.script([](const Sent& one, size_t) { return Answer{one.beside > 2 ? 429 : 200, 10}; });
    rig.start();
    rig.add(300);
    assert_true(rig.settled(300, 60000));
    assert_int_equal(rig.deliveries("delivered").size(), 300);
    assert_true(rig.counters.throttled > 0);
    assert_int_equal(rig.counters.opened.load(), 0);  // it is well
    // Most attempts were taken: without pacing nine of ten are refused.
    assert_true(rig.wire.count() < 600);
}

static void retry_after_holds_the_endpoint(void**) {
    auto plan = plan_of({subscription("a", {"*"}, {50, 50, 50}), subscription("b", {"*"}, {50, 50, 50})});
    plan->subscriptions[0].concurrency = 1;
    Rig rig(plan);
    rig.wire.script([](const Sent& one, size_t nth) {
        return one.url.ends_with("/a") && nth == 1 ? Answer{429, 0, SendError::none, "1"} : Answer{};
    });
    rig.start();
    rig.add(20);
    assert_true(eventually([&] { return rig.wire.sent_to("/b").size() == 20; }));
    assert_int_equal(rig.wire.sent_to("/a").size(), 1);
    assert_true(status_has(rig, "\"held_for_ms\""));
    assert_true(rig.settled(40));
    const auto sent = rig.wire.sent_to("/a");
    assert_true(sent[1].steady_ms - sent[0].steady_ms >= 990);
}

static void without_adaptive_only_the_delivery_waits(void**) {
    auto plan = plan_of({subscription("a", {"*"}, {50, 50, 50})});
    plan->subscriptions[0].concurrency = 1;
    plan->subscriptions[0].health.adaptive = false;
    Rig rig(plan);
    rig.wire.script([](const Sent&, size_t nth) { return nth == 1 ? Answer{429, 0, SendError::none, "2"} : Answer{}; });
    rig.start();
    rig.add(20);
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 19; }, 1900));
}

static void failing_for_too_long_disables(void**) {
    auto plan =
        plan_of({subscription("a", {"order.*"}, std::vector<int64_t>(90, 200)), subscription("watch", {"trotline.*"})});
    plan->subscriptions[0].health.disable_after_ms = int64_t{5} * 24 * 3600 * 1000;
    plan->subscriptions[0].health.trip_row = 0;
    plan->subscriptions[0].health.trip_percent = 0;
    Rig rig(plan);
    rig.wire.script([](const Sent& one, size_t) { return one.url.ends_with("/a") ? Answer{500, 0} : Answer{}; });
    rig.start();
    rig.add(1);
    assert_true(rig.wire.wait(2));
    assert_int_equal(rig.row("a").failing_ms, 0);  // a minute is no age: nothing is written for it
    rig.clock.steady_jump_us += 2 * minute_us;
    assert_true(eventually([&] { return rig.row("a").failing_ms > 0; }));
    const int64_t since = rig.row("a").failing_ms;
    assert_true(status_has(rig, "\"failing_since\""));
    // It outlives the process.
    rig.close();
    rig.open();
    rig.clock.jump_ms = int64_t{5} * 24 * 3600 * 1000;
    rig.start();
    assert_true(eventually([&] { return rig.row("a").state == SubscriptionState::disabled; }));
    assert_int_equal(rig.row("a").failing_ms, since);
    assert_non_null(strstr(rig.row("a").reason.c_str(), "every attempt has failed since 20"));
    assert_true(eventually([&] { return rig.wire.sent_to("/watch").size() == 1; }));
    assert_int_equal(rig.counters.disabled.load(), 1);
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 1; }));
    assert_int_equal(rig.deliveries("pending").size(), 1);  // it waits
}

static void a_success_ends_the_age_of_failures(void**) {
    auto plan = plan_of({subscription("a", {"*"}, std::vector<int64_t>(90, 100))});
    Rig rig(plan);
    std::atomic<bool> well{false};
    rig.wire.script([&](const Sent&, size_t) { return Answer{well ? 200 : 500, 0}; });
    rig.start();
    rig.add(1);
    assert_true(rig.wire.wait(2));  // the first one's failure has been noted
    rig.clock.steady_jump_us += 2 * minute_us;
    assert_true(eventually([&] { return rig.row("a").failing_ms > 0; }));
    well = true;
    assert_true(eventually([&] { return rig.row("a").failing_ms == 0; }));
}

static std::string recovered_body(Rig& rig) {
    for (const Sent& one : rig.wire.sent_to("/watch"))
        if (one.body.find("trotline.subscription.recovered") != std::string::npos) return one.body;
    return {};
}

static void a_recovered_endpoint_is_told_but_not_to_itself(void**) {
    auto plan =
        plan_of({subscription("a", {"*"}, std::vector<int64_t>(90, 100)), subscription("watch", {"trotline.*"})});
    Rig rig(plan);
    std::atomic<bool> well{false};
    rig.wire.script([&](const Sent& one, size_t) { return Answer{!one.url.ends_with("/a") || well ? 200 : 500, 0}; });
    rig.start();
    rig.add(30);
    assert_true(eventually([&] { return rig.counters.opened > 0; }));
    rig.clock.steady_jump_us += 2 * minute_us;
    well = true;
    assert_true(eventually([&] { return !recovered_body(rig).empty(); }, 15000));
    assert_non_null(strstr(recovered_body(rig).c_str(), "\"failing_since\":\"20"));
    assert_int_equal(rig.counters.recovered.load(), 1);
    assert_true(eventually([&] { return rig.deliveries("pending").empty(); }));
    for (const Sent& one : rig.wire.sent_to("/a")) assert_null(strstr(one.body.c_str(), "subscription.recovered"));
}

static void a_short_outage_is_not_told(void**) {
    auto plan =
        plan_of({subscription("a", {"order.*"}, std::vector<int64_t>(90, 100)), subscription("watch", {"trotline.*"})});
    Rig rig(plan);
    std::atomic<bool> well{false};
    rig.wire.script([&](const Sent& one, size_t) { return Answer{!one.url.ends_with("/a") || well ? 200 : 500, 0}; });
    rig.start();
    rig.add(30);
    assert_true(eventually([&] { return rig.counters.opened > 0; }));
    well = true;
    assert_true(rig.settled(30));
    assert_int_equal(rig.counters.recovered.load(), 0);
}

static void a_disabled_one_that_answers_again_is_told(void**) {
    auto plan = plan_of({subscription("a", {"order.*"}), subscription("watch", {"trotline.*"})});
    Rig rig(plan);
    rig.wire.script([](const Sent& one, size_t) { return one.url.ends_with("/a") ? Answer{410, 0} : Answer{}; });
    rig.start();
    rig.add(3);
    assert_true(eventually([&] { return rig.row("a").state == SubscriptionState::disabled; }));
    rig.close();
    rig.open();
    auto moved = plan_of({subscription("a", {"order.*"}), subscription("watch", {"trotline.*"})});
    moved->subscriptions[0].url.text = "http://127.0.0.1:9999/moved";
    rig.plan = moved;
    rig.start();
    rig.add(1);
    assert_true(eventually([&] { return !recovered_body(rig).empty(); }));
    assert_non_null(strstr(recovered_body(rig).c_str(), "it was disabled, and answers now"));
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_is_kept),
        cmocka_unit_test(those_who_share_an_origin_take_turns),
        cmocka_unit_test(a_shared_origin_holds_no_more_than_one_endpoint),
        cmocka_unit_test(a_shared_rate_counts_for_all),
        cmocka_unit_test(a_dead_one_does_not_block_the_origin),
        cmocka_unit_test(a_probe_waits_for_an_attempt_from_before),
        cmocka_unit_test(what_an_address_says_that_was_left_is_not_about_the_new_one),
        cmocka_unit_test(a_new_address_begins_without_an_age_of_failures),
        cmocka_unit_test(too_many_requests_slow_it_down),
        cmocka_unit_test(retry_after_holds_the_endpoint),
        cmocka_unit_test(without_adaptive_only_the_delivery_waits),
        cmocka_unit_test(failing_for_too_long_disables),
        cmocka_unit_test(a_success_ends_the_age_of_failures),
        cmocka_unit_test(a_recovered_endpoint_is_told_but_not_to_itself),
        cmocka_unit_test(a_short_outage_is_not_told),
        cmocka_unit_test(a_disabled_one_that_answers_again_is_told),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
