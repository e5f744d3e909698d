// Subscriptions that a management API makes while the dispatcher runs: they get the very next event, and no earlier
// one; what an API changes or removes holds at once; what is made for one of them alone reaches nobody else.
#include "dispatch/fan_out.h"
#include "tests/unit/dispatch/managing.h"

namespace {

using namespace trot_test;

void the_next_event_is_for_it_and_no_earlier_one(void**) {
    Rig rig(plan_with_api({subscription("file")}));
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    size_t expected = 1;
    for (int round = 0; round < 20; ++round) {
        ManagedRow row = managed("m" + std::to_string(round));
        put(rig, row);
        rig.add(1);  // the very next transaction
        expected += 2 + static_cast<size_t>(round);
    }
    assert_true(rig.settled(expected));
    for (int round = 0; round < 20; ++round) assert_int_equal(sent_to(rig, "m" + std::to_string(round)), 20 - round);
    assert_false(rig.wire.doubled);
}

void events_that_nobody_wanted_so_far_are_not_passed_over(void**) {
    Rig rig(plan_with_api());
    rig.start();
    assert_true(eventually([&] { return rig.dispatcher->status_json().find("\"leader\":true") != std::string::npos; }));
    rig.add(50);
    ManagedRow row = managed("first");
    put(rig, row);
    rig.add(3);
    assert_true(rig.settled(3));
    std::this_thread::sleep_for(std::chrono::milliseconds(1200));  // the cursor's lazy step
    assert_int_equal(sent_to(rig, "first"), 3);
}

void a_backlog_from_before_is_not_its(void**) {
    Rig rig(plan_with_api({subscription("file")}));
    rig.add(5);
    ManagedRow row = managed("late");
    put(rig, row);
    rig.add(2);
    rig.start();
    assert_true(rig.settled(7 + 2));
    assert_int_equal(sent_to(rig, "late"), 2);
}

void changes_and_removal_hold_at_once(void**) {
    Rig rig(plan_with_api());
    rig.start();
    ManagedRow row = managed("one");
    put(rig, row);
    rig.add(1);
    assert_true(rig.settled(1));

    const int64_t number = row.row.number;
    ManagedRow moved = managed("two");
    moved.row.number = number;
    change(rig, moved);
    rig.add(1);
    assert_true(rig.settled(2));
    assert_int_equal(sent_to(rig, "two"), 1);

    moved.row.state = SubscriptionState::paused;
    moved.row.reason = paused_by_api;
    change(rig, moved);
    rig.add(4);
    moved.row.state = SubscriptionState::active;
    moved.row.reason.clear();
    change(rig, moved);
    rig.add(1);
    assert_true(rig.settled(3));
    assert_int_equal(sent_to(rig, "two"), 2);

    assert_fine(write_now(*rig.store, [&](Tx& tx) { return tx.remove_managed(number); }));
    rig.add(3);
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    assert_int_equal(rig.wire.count(), 3);
    assert_int_equal(rig.deliveries().size(), 3);
}

void what_a_removed_one_had_waiting_is_cancelled(void**) {
    Rig rig(plan_with_api());
    rig.wire.script([](const Sent&, size_t) { return Answer{503}; });
    rig.start();
    ManagedRow row = managed("dead");
    put(rig, row);
    rig.add(1200);
    assert_true(eventually([&] { return rig.deliveries("pending").size() > 1000; }));
    assert_fine(write_now(*rig.store, [&](Tx& tx) { return tx.remove_managed(row.row.number); }));
    assert_true(eventually([&] { return rig.deliveries("pending").empty(); }));
    assert_true(rig.deliveries("cancelled").size() > 1000);
    assert_true(rig.reader->managed_after(0).value().empty());  // forgotten
}

void terms_decide(void**) {
    Rig rig(plan_with_api());
    rig.start();
    ManagedRow row = managed("some", "order.created", {{{"order.created"}, {{"/n", {"1", "3"}, false}}}});
    put(rig, row);
    ManagedRow other = managed("bucket", "order.created", {{{"order.*"}, {{"context:bucket", {"b"}, true}}}});
    put(rig, other);
    ManagedRow strict = managed("strict", "order.created", {{{"order.*"}, {{"context:bucket", {"b"}, false}}}});
    put(rig, strict);
    rig.add(5);  // {"n":0…4}
    assert_true(rig.settled(2 + 5));
    assert_int_equal(sent_to(rig, "some"), 2);
    assert_int_equal(sent_to(rig, "strict"), 0);
}

// Of all that there was, only a file's one is left: it must not look as if nobody wanted anything.
void a_files_subscription_outlives_those_of_apis(void**) {
    Rig rig(plan_with_api({subscription("file")}));
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    for (int round = 0; round < 3; ++round) {
        ManagedRow row = managed("m" + std::to_string(round), "customer.created");
        put(rig, row);
        rig.add(1);
        assert_fine(write_now(*rig.store, [&](Tx& tx) { return tx.remove_managed(row.row.number); }));
        rig.add(1);
        assert_true(eventually([&] { return sent_to(rig, "file") == 3 + 2 * static_cast<size_t>(round); }));
    }
}

// What the configuration lets an API's subscriptions see holds for those that were made before it said so.
void the_apis_only_is_what_it_is_now(void**) {
    Rig rig(plan_with_api());
    rig.start();
    ManagedRow row = managed("plain");
    put(rig, row);
    ManagedRow some = managed("some", "order.created", {{{"order.created"}, {{"/n", {"0"}, false}}}});
    put(rig, some);
    rig.add(2);
    assert_true(rig.settled(3));
    std::shared_ptr<Plan> narrower = plan_with_api();
    narrower->apis.front().only = {{"/n", {"1"}, false}};
    rig.dispatcher->swap(narrower);
    assert_true(eventually([&] {
        const size_t before = sent_to(rig, "plain");
        rig.add(2);
        return eventually([&] { return sent_to(rig, "plain") > before; }) && rig.settled(0) &&
               sent_to(rig, "plain") == before + 1;
    }));
    const size_t before = sent_to(rig, "some");
    rig.add(2);
    assert_true(rig.settled(0));
    assert_int_equal(sent_to(rig, "some"), before);
}

void what_is_made_for_one_alone_reaches_nobody_else(void**) {
    Rig rig(plan_with_api({subscription("file")}));
    rig.start();
    ManagedRow row = managed("pinged", "customer.created");
    put(rig, row);
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        Event event = some_event("ping", "{}");
        event.flags |= event_private;
        if (Result<void> added = tx.add_event(event); !added) return added;
        Delivery delivery;
        delivery.event = event.number;
        delivery.subscription = row.row.number;
        delivery.format = "standard";
        delivery.logged = true;
        if (Result<void> made = tx.add_delivery(delivery); !made) return made;
        return tx.touch_subscription(row.row.number);
    }));
    assert_true(rig.wire.wait(1));
    assert_true(rig.settled(1));
    rig.add(1);
    assert_true(rig.settled(2));
    assert_int_equal(sent_to(rig, "pinged"), 1);
    assert_int_equal(sent_to(rig, "file"), 1);
}

void a_delivery_is_sent_again_when_asked(void**) {
    Rig rig(plan_with_api());
    rig.start();
    ManagedRow row = managed("again");
    put(rig, row);
    rig.add(1);
    assert_true(rig.settled(1));
    const int64_t number = rig.deliveries().front().delivery.number;
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        if (Result<void> due = tx.redeliver(number); !due) return due;
        return tx.touch_subscription(row.row.number);
    }));
    assert_true(rig.wire.wait(2));
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 1; }));
    assert_int_equal(rig.deliveries().front().delivery.attempts, 2);
    const std::vector<Sent> sent = rig.wire.sent();
    assert_string_equal(sent[0].id.c_str(), sent[1].id.c_str());
    assert_string_equal(sent[0].body.c_str(), sent[1].body.c_str());
}

void a_next_leader_knows_them(void**) {
    Rig rig(plan_with_api());
    rig.wire.script([](const Sent&, size_t nth) { return nth == 1 ? Answer{503} : Answer{200}; });
    rig.start();
    ManagedRow row = managed("kept");
    put(rig, row);
    rig.add(1);
    assert_true(rig.wire.wait(1));
    rig.dispatcher->stop(2000);
    rig.start();
    rig.add(1);
    assert_true(rig.settled(2));
    assert_int_equal(rig.deliveries("delivered").size(), 2);
}

void without_its_api_it_gets_nothing_and_comes_back_with_it(void**) {
    Rig rig(plan_with_api({subscription("file")}));
    rig.start();
    ManagedRow row = managed("owned");
    put(rig, row);
    rig.add(1);
    assert_true(rig.settled(2));
    rig.dispatcher->swap(plan_of({subscription("file")}));
    assert_true(eventually([&] {
        rig.add(1);
        const size_t before = sent_to(rig, "owned");
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        return sent_to(rig, "owned") == before;
    }));
    const size_t before = sent_to(rig, "owned");
    rig.dispatcher->swap(plan_with_api({subscription("file")}));
    assert_true(eventually([&] {
        rig.add(1);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return sent_to(rig, "owned") > before;
    }));
}

// The question was about another URL than the one the subscription has by the time of the answer.
void an_answer_to_an_older_question_confirms_nothing(void**) {
    Rig rig(plan_with_api());
    rig.wire.script([](const Sent& one, size_t) { return Answer{200, one.url.ends_with("/old") ? 300 : 0}; });
    rig.start();
    const auto ask = [&rig](int64_t number) {
        assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
            Event event = some_event("webhook.confirmation", "{}");
            event.flags |= event_private;
            if (Result<void> added = tx.add_event(event); !added) return added;
            Delivery delivery;
            delivery.event = event.number;
            delivery.subscription = number;
            delivery.format = "shareactor?message=confirmation";
            if (Result<void> made = tx.add_delivery(delivery); !made) return made;
            return tx.touch_subscription(number);
        }));
    };
    const auto state = [&rig](const std::string& name) { return rig.reader->managed("shop", name).value().row.state; };
    ManagedRow row = managed("old");
    row.row.state = SubscriptionState::paused;
    row.row.reason = unconfirmed;
    put(rig, row);
    ask(row.row.number);
    assert_true(rig.wire.wait(1));
    ManagedRow moved = managed("new");
    moved.row.number = row.row.number;
    moved.row.state = SubscriptionState::paused;
    moved.row.reason = unconfirmed;
    change(rig, moved);
    rig.add(1);
    std::this_thread::sleep_for(std::chrono::milliseconds(900));
    assert_int_equal(static_cast<int>(state("old")), static_cast<int>(SubscriptionState::paused));
    assert_int_equal(sent_to(rig, "new"), 0);
    ask(row.row.number);
    assert_true(eventually([&] { return state("old") == SubscriptionState::active; }));
    rig.add(1);
    assert_true(eventually([&] { return sent_to(rig, "new") >= 2; }));
}

// Its API goes from the configuration while an attempt is on the wire: what that attempt did not achieve still waits.
void a_retry_survives_the_absence_of_its_api(void**) {
    Rig rig(plan_with_api());
    rig.wire.script([](const Sent&, size_t nth) { return nth == 1 ? Answer{503, 400} : Answer{200}; });
    rig.start();
    ManagedRow row = managed("patient");
    put(rig, row);
    rig.add(1);
    assert_true(rig.wire.wait(1));
    rig.dispatcher->swap(plan_of({}));
    assert_true(eventually([&] { return rig.deliveries().front().delivery.attempts == 1; }));
    assert_int_equal(rig.deliveries("pending").size(), 1);
    rig.dispatcher->swap(plan_with_api());
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 1; }));
}

void one_that_never_answers_is_disabled_and_stays_so(void**) {
    Rig rig(plan_with_api());
    rig.wire.script([](const Sent&, size_t) { return Answer{410}; });
    rig.start();
    ManagedRow row = managed("gone");
    put(rig, row);
    rig.add(1);
    assert_true(eventually(
        [&] { return rig.reader->managed("shop", "gone").value().row.state == SubscriptionState::disabled; }));
    rig.add(2);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    assert_int_equal(sent_to(rig, "gone"), 1);
    row.row.state = SubscriptionState::active;
    row.row.reason.clear();
    row.row.failures = 0;
    rig.wire.script([](const Sent&, size_t) { return Answer{200}; });
    change(rig, row);
    rig.add(1);
    assert_true(eventually([&] { return sent_to(rig, "gone") == 2; }));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_next_event_is_for_it_and_no_earlier_one),
        cmocka_unit_test(events_that_nobody_wanted_so_far_are_not_passed_over),
        cmocka_unit_test(a_backlog_from_before_is_not_its),
        cmocka_unit_test(changes_and_removal_hold_at_once),
        cmocka_unit_test(what_a_removed_one_had_waiting_is_cancelled),
        cmocka_unit_test(terms_decide),
        cmocka_unit_test(a_files_subscription_outlives_those_of_apis),
        cmocka_unit_test(the_apis_only_is_what_it_is_now),
        cmocka_unit_test(what_is_made_for_one_alone_reaches_nobody_else),
        cmocka_unit_test(a_delivery_is_sent_again_when_asked),
        cmocka_unit_test(a_next_leader_knows_them),
        cmocka_unit_test(without_its_api_it_gets_nothing_and_comes_back_with_it),
        cmocka_unit_test(an_answer_to_an_older_question_confirms_nothing),
        cmocka_unit_test(a_retry_survives_the_absence_of_its_api),
        cmocka_unit_test(one_that_never_answers_is_disabled_and_stays_so),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
