// Shaped deliveries: what goes out, what does not, the same bytes on each attempt, and that nothing ever goes out as it
// was.
#include "rig.h"

using namespace trot_test;

namespace {

const std::string private_text = "very-private";

// Topic order.created, {"n":i,"email":"very-private"}.
void add(Rig& rig, size_t count) {
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        for (size_t i = 0; i < count; ++i) {
            Event event =
                some_event("order.created", "{\"n\":" + std::to_string(i) + ",\"email\":\"" + private_text + "\"}");
            if (Result<void> added = tx.add_event(event); !added) return added;
        }
        return {};
    }));
    if (rig.dispatcher) rig.dispatcher->wake();
}

Subscription shaped(const std::string& name, const std::function<void(Subscription&)>& more) {
    Subscription out = subscription(name);
    more(out);
    return out;
}

std::string data_of(const Sent& sent) {
    const size_t at = sent.body.find("\"data\":");
    return at == std::string::npos ? "" : sent.body.substr(at + 7, sent.body.size() - at - 8);
}

void nothing_private_went(Rig& rig) {
    for (const Sent& one : rig.wire.sent())
        if (one.body.find(private_text) != std::string::npos) fail_msg("went out: %s", one.body.c_str());
}

void each_subscription_has_its_own_shape(void**) {
    Rig rig(plan_of({subscription("whole"), shaped("dropped", [](Subscription& one) { one.shape.drop = {"/email"}; }),
                     shaped("masked", [](Subscription& one) { one.shape.mask = {"/email"}; }),
                     shaped("made",
                            [](Subscription& one) {
                                one.shape.drop = {"/email"};
                                one.shape.transform = "{m: .n, has: has(\"email\")}";
                            }),
                     shaped("thin", [](Subscription& one) { one.shape.payload = ShapeRules::Payload::thin; })}));
    rig.start();
    add(rig, 3);
    assert_true(rig.settled(15));
    assert_int_equal(rig.wire.sent_to("/whole").size(), 3);
    assert_true(data_of(rig.wire.sent_to("/whole")[0]).find(private_text) != std::string::npos);
    assert_string_equal(data_of(rig.wire.sent_to("/dropped")[0]).c_str(), "{\"n\":0}");
    assert_string_equal(data_of(rig.wire.sent_to("/masked")[1]).c_str(), "{\"n\":1,\"email\":\"***\"}");
    std::set<std::string> made;
    for (const Sent& one : rig.wire.sent_to("/made")) made.insert(data_of(one));
    assert_true(made == std::set<std::string>(
                            {"{\"m\":0,\"has\":false}", "{\"m\":1,\"has\":false}", "{\"m\":2,\"has\":false}"}));
    assert_true(data_of(rig.wire.sent_to("/thin")[0]).find("\"type\":") != std::string::npos);
    assert_false(rig.wire.doubled);
}

void a_filter_ends_what_it_does_not_want(void**) {
    Rig rig(plan_of({shaped("some", [](Subscription& one) { one.filter = ".n % 2 == 0"; }),
                     shaped("none", [](Subscription& one) { one.shape.transform = "empty"; })}));
    rig.start();
    add(rig, 20);
    assert_true(rig.settled(40));
    assert_int_equal(rig.wire.count(), 10);
    assert_int_equal(rig.deliveries("cancelled").size(), 30);
    assert_int_equal(rig.counters.filtered.load(), 30);
    const Delivery one = rig.deliveries("cancelled").front().delivery;
    assert_string_equal(one.last_error.c_str(), "filtered");
    assert_int_equal(one.attempts, 0);
}

// Whatever a program does wrong, its deliveries are dead letters that say it, the others' go on, and none goes as it
// was.
void a_mistake_is_a_dead_letter_that_says_it(void**) {
    const std::vector<std::pair<std::string, std::string>> wrong = {{"error(\"oh\")", "raised an error: oh"},
                                                                    {".n.x", "raised an error"},
                                                                    {".n, .n", "more than one"},
                                                                    {"def f: f; f", "processor time"},
                                                                    {"nope(1)", "no jq program"}};
    for (const auto& [program, says] : wrong) {
        Rig rig(plan_of({shaped("wrong", [&program = program](Subscription& one) { one.shape.transform = program; }),
                         shaped("right", [](Subscription& one) { one.shape.transform = "{n}"; })}));
        rig.start();
        add(rig, 2);
        assert_true(rig.settled(4));
        assert_int_equal(rig.wire.sent_to("/right").size(), 2);
        assert_int_equal(rig.wire.sent_to("/wrong").size(), 0);
        const auto dead = rig.deliveries("dead");
        assert_int_equal(dead.size(), 2);
        if (dead[0].delivery.last_error.find(says) == std::string::npos)
            fail_msg("%s: %s", program.c_str(), dead[0].delivery.last_error.c_str());
        assert_int_equal(rig.row("wrong").failures, 0);  // it is not the endpoint's fault
        nothing_private_went(rig);
    }
}

void a_filter_must_say_yes_or_no(void**) {
    Rig rig(plan_of({shaped("odd", [](Subscription& one) { one.filter = ".n"; })}));
    rig.start();
    add(rig, 1);
    assert_true(rig.settled(1));
    assert_int_equal(rig.wire.count(), 0);
    assert_int_equal(rig.deliveries("dead").size(), 1);
}

// A program that ends its process each time is left alone after three, so that others need not wait for it.
void a_program_that_always_runs_away_is_left_alone(void**) {
    Rig rig(plan_of({shaped("endless", [](Subscription& one) { one.shape.transform = "def f: f; f"; }),
                     shaped("right", [](Subscription& one) { one.shape.transform = "{n}"; })}));
    rig.start();
    add(rig, 100);
    assert_true(rig.settled(200, 60000));
    assert_int_equal(rig.wire.sent_to("/right").size(), 100);
    assert_int_equal(rig.deliveries("dead").size(), 100);
    bool left_alone = false;
    for (const DeliveryLine& line : rig.deliveries("dead"))
        left_alone = left_alone || line.delivery.last_error.find("left alone") != std::string::npos;
    assert_true(left_alone);
}

void the_bytes_stay_through_retry_reload_and_restart(void**) {
    Rig rig(plan_of({shaped("one", [](Subscription& one) {
        one.shape.drop = {"/email"};
        one.shape.transform = "{a: .n}";
        one.schedule_ms = {400, 400, 400};
    })}));
    rig.wire.script([](const Sent&, size_t nth) { return Answer{nth < 3 ? 500 : 200, 0}; });
    rig.start();
    add(rig, 1);
    assert_true(rig.wire.wait(1));
    // A reload changes what new deliveries are made of, and nothing for those that exist.
    rig.plan = plan_of({shaped("one", [](Subscription& one) {
        one.shape.transform = "{b: .n}";
        one.schedule_ms = {400, 400, 400};
    })});
    rig.dispatcher->swap(rig.plan);
    assert_true(rig.wire.wait(2));
    rig.close();
    rig.open();
    rig.start();
    assert_true(rig.settled(1));
    const auto sent = rig.wire.sent();
    assert_int_equal(sent.size(), 3);
    for (const Sent& one : sent) {
        assert_string_equal(data_of(one).c_str(), "{\"a\":0}");
        assert_string_equal(one.body.c_str(), sent[0].body.c_str());
    }
    add(rig, 1);
    assert_true(rig.settled(2));
    assert_string_equal(data_of(rig.wire.sent().back()).c_str(), "{\"b\":0}");
}

void a_mended_program_takes_what_was_never_sent(void**) {
    Rig rig(plan_of({shaped("one", [](Subscription& one) { one.shape.transform = ".n.x"; })}));
    rig.start();
    add(rig, 2);
    assert_true(rig.settled(2));
    assert_int_equal(rig.deliveries("dead").size(), 2);
    const int64_t number = rig.deliveries("dead").front().delivery.number;
    assert_int_equal(rig.deliveries("dead").front().delivery.shape, -1);
    rig.plan = plan_of({shaped("one", [](Subscription& one) { one.shape.transform = "{mended: .n}"; })});
    rig.dispatcher->swap(rig.plan);
    assert_fine(write_now(*rig.store, [&](Tx& tx) { return tx.redeliver(number); }));
    rig.close();
    rig.open();
    rig.start();
    assert_true(rig.wire.wait(1));
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 1; }));
    assert_string_equal(data_of(rig.wire.sent()[0]).c_str(), "{\"mended\":0}");
    assert_true(rig.deliveries("delivered")[0].delivery.shape > 0);
}

// What was masked with a key that is gone cannot be made again: it waits as a dead letter, it does not go otherwise.
void a_lost_key_is_no_reason_to_send_more(void**) {
    Rig rig(plan_of({shaped("one", [](Subscription& one) {
        one.shape.hash = {"/email"};
        one.shape.hash_keys = {Secret("0123456789abcdef")};
        one.schedule_ms = {300};
    })}));
    rig.wire.script([](const Sent&, size_t) { return Answer{500, 0, SendError::none, "1"}; });
    rig.start();
    add(rig, 1);
    assert_true(rig.wire.wait(1));
    rig.close();
    rig.plan = plan_of({shaped("one", [](Subscription& one) {
        one.shape.hash = {"/email"};
        one.shape.hash_keys = {Secret("fedcba9876543210")};
        one.schedule_ms = {300};
    })});
    rig.open();
    rig.start();
    assert_true(eventually([&] { return rig.deliveries("dead").size() == 1; }));
    assert_int_equal(rig.wire.count(), 1);
    assert_true(rig.deliveries("dead")[0].delivery.last_error.find("hash_key") != std::string::npos);
    nothing_private_went(rig);
}

void what_is_no_json_does_not_go_unshaped(void**) {
    Rig rig(plan_of({shaped("one", [](Subscription& one) { one.shape.drop = {"/email"}; })}));
    rig.start();
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        Event event = some_event("order.created", "email=" + private_text);
        event.flags = event_opaque;
        return tx.add_event(event);
    }));
    rig.dispatcher->wake();
    assert_true(rig.settled(1));
    assert_int_equal(rig.wire.count(), 0);
    assert_int_equal(rig.deliveries("dead").size(), 1);
}

void many_are_shaped_in_turn(void**) {
    Rig rig(plan_of({shaped("a", [](Subscription& one) { one.shape.transform = "{n}"; }),
                     shaped("b",
                            [](Subscription& one) {
                                one.filter = ".n >= 0";
                                one.shape.transform = "{n}";
                            }),
                     subscription("c")}));
    add(rig, 1500);
    rig.start();
    assert_true(rig.settled(4500, 60000));
    assert_int_equal(rig.wire.count(), 4500);
    assert_false(rig.wire.doubled);
}

void conditions_make_no_delivery(void**) {
    Rig rig(plan_of({shaped("one", [](Subscription& one) {
        FilterTerm term;
        term.what = "/n";
        term.values = {"1"};
        one.selectors = {Selector{{"order.*"}, {term}}};
    })}));
    rig.start();
    add(rig, 3);
    assert_true(rig.settled(1));
    assert_int_equal(rig.wire.count(), 1);
    assert_int_equal(rig.deliveries().size(), 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(each_subscription_has_its_own_shape),
        cmocka_unit_test(a_filter_ends_what_it_does_not_want),
        cmocka_unit_test(a_mistake_is_a_dead_letter_that_says_it),
        cmocka_unit_test(a_filter_must_say_yes_or_no),
        cmocka_unit_test(a_program_that_always_runs_away_is_left_alone),
        cmocka_unit_test(the_bytes_stay_through_retry_reload_and_restart),
        cmocka_unit_test(a_mended_program_takes_what_was_never_sent),
        cmocka_unit_test(a_lost_key_is_no_reason_to_send_more),
        cmocka_unit_test(what_is_no_json_does_not_go_unshaped),
        cmocka_unit_test(many_are_shaped_in_turn),
        cmocka_unit_test(conditions_make_no_delivery),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
