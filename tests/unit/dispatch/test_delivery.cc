// What becomes of a delivery: sent once, tried again with the same bytes, given up after exactly its schedule, and what
// 410, Retry-After, pauses and dead endpoints mean.
#include <jansson.h>

#include "rig.h"

using namespace trot_test;

static void an_event_reaches_each_subscription_once(void**) {
    Rig rig(
        plan_of({subscription("orders", {"order.*"}), subscription("all"), subscription("other", {"entry.created"})}));
    rig.start();
    rig.add(50);
    assert_true(rig.settled(100));
    const auto sent = rig.wire.sent();
    assert_int_equal(sent.size(), 100);
    std::set<std::string> ids;
    for (const Sent& one : sent) {
        ids.insert(one.id);
        assert_string_equal(header(one, "content-type").c_str(), "application/json");
        assert_false(header(one, "webhook-signature").empty());
        assert_non_null(strstr(one.body.c_str(), "\"order.created\""));
    }
    assert_int_equal(ids.size(), 100);
    assert_int_equal(rig.wire.sent_to("/other").size(), 0);
    assert_int_equal(rig.deliveries("delivered").size(), 100);
    assert_int_equal(rig.counters.delivered.load(), 100);
    assert_int_equal(rig.counters.expanded.load(), 100);
    assert_true(eventually([&] { return rig.reader->cursor().value() == rig.reader->status().value().last_event; }));
}

static void attempts_are_equal_and_the_dead_letter_says_why(void**) {
    Rig rig(plan_of({subscription("a", {"*"}, {50, 50, 50})}));
    rig.wire.script([](const Sent&, size_t) { return Answer{400, 0, SendError::none, "", "no such field"}; });
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    const auto sent = rig.wire.sent();
    assert_int_equal(sent.size(), 4);  // the schedule's length and one
    for (const Sent& one : sent) {
        assert_string_equal(one.id.c_str(), sent[0].id.c_str());
        assert_string_equal(one.body.c_str(), sent[0].body.c_str());
    }
    const auto lines = rig.deliveries("dead");
    assert_int_equal(lines.size(), 1);
    assert_int_equal(lines[0].delivery.attempts, 4);
    assert_int_equal(lines[0].delivery.last_status, 400);
    Filter filter;
    filter.delivery = lines[0].delivery.number;
    filter.oldest_first = true;
    const auto attempts = rig.reader->list_attempts(filter);
    assert_fine(attempts);
    assert_int_equal(attempts.value().size(), 4);
    for (unsigned i = 0; i < 4; ++i) {
        assert_int_equal(attempts.value()[i].number, i + 1);
        assert_string_equal(attempts.value()[i].answer.c_str(), "no such field");
    }
    assert_int_equal(rig.row("a").failures, 1);
    assert_int_equal(rig.counters.dead.load(), 1);
    // A success forgets the row of failures.
    rig.wire.script(nullptr);
    rig.add(1);
    assert_true(rig.settled(2));
    assert_true(eventually([&] { return rig.row("a").failures == 0; }));
}

static void no_answer_is_tried_again(void**) {
    Rig rig(plan_of({subscription("a")}));
    rig.wire.script([](const Sent&, size_t nth) {
        return nth == 1 ? Answer{0, 5, SendError::timeout} : nth == 2 ? Answer{302, 0} : Answer{204, 0};
    });
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    assert_int_equal(rig.wire.count(), 3);
    const auto lines = rig.deliveries("delivered");
    assert_int_equal(lines.size(), 1);
    assert_int_equal(lines[0].delivery.attempts, 3);
}

static void retry_after_is_waited_for(void**) {
    Rig rig(plan_of({subscription("a")}));
    rig.wire.script([](const Sent&, size_t nth) { return nth == 1 ? Answer{503, 0, SendError::none, "1"} : Answer{}; });
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    const auto sent = rig.wire.sent();
    assert_int_equal(sent.size(), 2);
    assert_in_range(sent[1].steady_ms - sent[0].steady_ms, 995, 3000);
}

static void gone_disables_and_says_so(void**) {
    Rig rig(plan_of({subscription("gone", {"order.*"}), subscription("watch", {"trotline.*"})}));
    rig.wire.script([](const Sent& one, size_t) { return one.url.ends_with("/gone") ? Answer{410, 20} : Answer{}; });
    rig.start();
    rig.add(30);
    assert_true(eventually([&] { return rig.wire.sent_to("/watch").size() == 1; }));
    assert_true(rig.wire.sent_to("/gone").size() <= 8);  // what was in flight
    assert_non_null(strstr(rig.wire.sent_to("/watch")[0].body.c_str(), "gone: the endpoint answered 410"));
    assert_true(eventually([&] { return rig.row("gone").state == SubscriptionState::disabled; }));
    assert_true(eventually([&] { return rig.deliveries("dead").size() == rig.wire.sent_to("/gone").size(); }));
    // The rest waits; new events make no deliveries for it.
    const size_t made = rig.deliveries().size();
    rig.add(5);
    assert_true(eventually([&] { return rig.reader->cursor().value() == rig.reader->status().value().last_event; }));
    assert_int_equal(rig.deliveries().size(), made);
    // Another url: the waiting ones go out.
    auto moved = plan_of({subscription("gone", {"order.*"}), subscription("watch", {"trotline.*"})});
    moved->subscriptions[0].url.text = "http://127.0.0.1:9999/moved";
    rig.dispatcher->swap(moved);
    assert_true(eventually([&] { return rig.deliveries("pending").empty(); }));
    assert_int_equal(rig.wire.sent_to("/moved").size() + rig.deliveries("dead").size(), 30);
    assert_int_equal(rig.row("gone").state, SubscriptionState::active);
}

static void a_row_of_dead_deliveries_disables(void**) {
    auto plan = plan_of({subscription("a", {"order.*"}, {20}), subscription("watch", {"trotline.*"})});
    plan->subscriptions[0].disable_after = 3;
    plan->subscriptions[0].concurrency = 1;
    Rig rig(plan);
    rig.wire.script([](const Sent& one, size_t) { return one.url.ends_with("/a") ? Answer{422, 0} : Answer{}; });
    rig.start();
    rig.add(6);
    assert_true(eventually([&] { return rig.wire.sent_to("/watch").size() == 1; }));
    assert_int_equal(rig.row("a").state, SubscriptionState::disabled);
    assert_int_equal(rig.row("a").failures, 3);
    assert_int_equal(rig.deliveries("dead").size(), 3);
}

static void a_paused_one_waits_and_then_gets_all(void**) {
    auto plan = plan_of({subscription("a")});
    plan->subscriptions[0].paused = true;
    Rig rig(plan);
    rig.start();
    rig.add(20);
    assert_true(eventually([&] { return rig.deliveries("pending").size() == 20; }));
    assert_int_equal(rig.wire.count(), 0);
    rig.dispatcher->swap(plan_of({subscription("a")}));
    assert_true(rig.settled(20));
    assert_int_equal(rig.wire.count(), 20);
}

static void own_headers_go_along(void**) {
    auto plan = plan_of({subscription("a")});
    plan->subscriptions[0].headers = {{"X-Shop", "north"}};
    Rig rig(plan);
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    assert_string_equal(header(rig.wire.sent()[0], "x-shop").c_str(), "north");
}

static void a_large_fan_out_is_made_once(void**) {
    std::vector<Subscription> many;
    for (int i = 0; i < 1500; ++i) many.push_back(subscription("s" + std::to_string(i)));
    Rig rig(plan_of(many));
    rig.start();
    rig.add(2);
    assert_true(rig.settled(3000, 60000));
    std::set<std::pair<int64_t, int64_t>> pairs;
    for (const DeliveryLine& line : rig.deliveries()) pairs.insert({line.delivery.event, line.delivery.subscription});
    assert_int_equal(pairs.size(), 3000);
    assert_int_equal(rig.wire.count(), 3000);
}

static void status_says_who_leads(void**) {
    Rig rig(plan_of({subscription("a")}));
    rig.start();
    assert_true(eventually([&] { return rig.dispatcher->status_json().find("\"leader\":true") != std::string::npos; }));
    json_t* status = json_loads(rig.dispatcher->status_json().c_str(), 0, nullptr);
    assert_non_null(status);
    assert_true(json_is_object(json_object_get(status, "endpoints")));
    assert_int_equal(json_array_size(json_object_get(status, "list")), 1);
    json_decref(status);
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(an_event_reaches_each_subscription_once),
        cmocka_unit_test(attempts_are_equal_and_the_dead_letter_says_why),
        cmocka_unit_test(no_answer_is_tried_again),
        cmocka_unit_test(retry_after_is_waited_for),
        cmocka_unit_test(gone_disables_and_says_so),
        cmocka_unit_test(a_row_of_dead_deliveries_disables),
        cmocka_unit_test(a_paused_one_waits_and_then_gets_all),
        cmocka_unit_test(own_headers_go_along),
        cmocka_unit_test(a_large_fan_out_is_made_once),
        cmocka_unit_test(status_says_who_leads),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
