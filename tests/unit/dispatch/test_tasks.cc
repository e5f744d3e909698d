// What an operator asks for, carried out by the leader in steps: deliveries once more, recorded events for a
// subscription; each exactly once, whatever happens in between.
#include "crypto/ids.h"
#include "rig.h"
#include "store/task_filter.h"

using namespace trot_test;

static TaskRow ask(Rig& rig, const std::string& kind, const TaskFilter& filter = {}, const std::string& of = "",
                   int64_t from = 0) {
    TaskRow task;
    task.kind = kind;
    task.filter = spell_task_filter(filter);
    task.at_event = from;
    if (!of.empty()) task.subscription = rig.row(of).number;
    assert_fine(write_now(*rig.store, [&](Tx& tx) { return tx.add_task(task); }));
    return task;
}

static bool ended(Rig& rig, int within_ms = 20000) {
    return eventually([&] { return rig.reader->tasks().value().empty(); }, within_ms);
}

static std::map<int64_t, int> by_event(Rig& rig, const std::string& name) {
    std::map<int64_t, int> seen;
    for (const DeliveryLine& line : rig.deliveries())
        if (line.subscription == name) ++seen[line.delivery.event];
    return seen;
}

static bool each_once(const std::map<int64_t, int>& seen, size_t events) {
    return seen.size() == events &&
           std::all_of(seen.begin(), seen.end(), [](const auto& entry) { return entry.second == 1; });
}

static void dead_ones_go_again_with_the_same_id_and_the_others_do_not(void**) {
    Rig rig(plan_of({subscription("a", {"order.*"}, {}), subscription("b", {"order.*"}, {})}));
    std::atomic<bool> well{false};
    rig.wire.script(
        [&](const Sent& sent, size_t) { return Answer{well || sent.url.find("/b") != std::string::npos ? 200 : 400}; });
    rig.start();
    rig.add(1200);
    assert_true(eventually([&] { return rig.deliveries("dead").size() == 1200 && rig.counters.delivered == 1200; }));
    std::set<std::string> ids;
    for (const Sent& one : rig.wire.sent_to("/a")) ids.insert(one.id);
    well = true;
    TaskFilter filter;
    filter.state = "dead";
    ask(rig, "redeliver", filter, "a");
    assert_true(ended(rig));
    assert_true(eventually([&] { return rig.counters.delivered == 2400; }));
    assert_int_equal(rig.wire.sent_to("/a").size(), 2400);
    assert_int_equal(rig.wire.sent_to("/b").size(), 1200);
    for (const Sent& one : rig.wire.sent_to("/a")) assert_true(ids.contains(one.id));
    for (const DeliveryLine& line : rig.deliveries()) {
        assert_int_equal(line.delivery.attempts, line.subscription == "a" ? 2 : 1);
        assert_int_equal(line.delivery.uncounted, line.subscription == "a" ? 1 : 0);
    }
}

static void a_new_subscription_gets_what_was_recorded_once_and_only_at_first_sight(void**) {
    Rig rig(plan_of({subscription("old", {"order.*"})}));
    rig.start();
    rig.add(700);
    rig.add(50, "entry.created");
    assert_true(eventually([&] { return rig.counters.delivered == 700; }));
    Subscription fresh = subscription("fresh", {"order.*"});
    fresh.backfill_ms = 3600000;
    fresh.concurrency = 1;
    rig.plan = plan_of({subscription("old", {"order.*"}), fresh});
    rig.dispatcher->swap(rig.plan);
    assert_true(eventually([&] { return rig.wire.sent_to("/fresh").size() == 700; }));
    assert_true(ended(rig));
    // In the order in which it happened.
    const std::vector<Sent> sent = rig.wire.sent_to("/fresh");
    for (size_t i = 1; i < sent.size(); ++i) assert_true(sent[i - 1].id < sent[i].id);
    assert_true(each_once(by_event(rig, "fresh"), 700));
    for (const DeliveryLine& line : rig.deliveries())
        assert_int_equal(line.delivery.task != 0, line.subscription == "fresh");
    // It is known now: neither a reload nor a restart begins anew.
    rig.plan = plan_of({subscription("old", {"order.*"}), fresh});
    rig.dispatcher->swap(rig.plan);
    rig.add(10);
    assert_true(eventually([&] { return rig.wire.sent_to("/fresh").size() == 710; }));
    rig.close();
    rig.path = rig.dir.path() + "/store";
    rig.open();
    rig.start();
    rig.add(10);
    assert_true(eventually([&] { return rig.wire.sent_to("/fresh").size() == 720; }));
    assert_true(ended(rig));
    assert_true(each_once(by_event(rig, "fresh"), 720));
    const std::string log = drained(rig.log);
    const size_t begins = log.find(" begins\n");
    assert_true(begins != std::string::npos && log.find(" begins\n", begins + 1) == std::string::npos);
}

static void a_backfill_that_is_stopped_between_any_two_steps_makes_each_once(void**) {
    Rig rig(plan_of({subscription("old", {"order.*"})}));
    rig.start();
    rig.add(3000);
    assert_true(eventually([&] { return rig.counters.delivered == 3000; }));
    rig.plan = plan_of({subscription("old", {"order.*"}), subscription("new", {"order.*"})});
    rig.dispatcher->swap(rig.plan);
    assert_true(eventually([&] { return rig.row("new").number != 0; }));
    TaskFilter filter;
    filter.since_ms = system_clock().wall_ms() - 3600000;
    ask(rig, "backfill", filter, "new");
    for (size_t round = 1; round <= 8; ++round) {
        eventually([&] { return rig.reader->tasks().value().empty() || by_event(rig, "new").size() > round * 250; });
        rig.close();
        rig.path = rig.dir.path() + "/store";
        rig.open();
        rig.start();
    }
    assert_true(ended(rig));
    assert_true(each_once(by_event(rig, "new"), 3000));
    assert_true(rig.settled(6000));
    assert_false(rig.wire.doubled);
}

static void a_backfill_leaves_out_what_there_is_and_a_replay_does_not(void**) {
    Rig rig(plan_of({subscription("a", {"order.*"})}));
    rig.start();
    rig.add(20);
    rig.add(5, "entry.created");
    assert_true(eventually([&] { return rig.counters.delivered == 20; }));
    ask(rig, "backfill", {}, "a");
    assert_true(ended(rig));
    assert_int_equal(rig.deliveries().size(), 20);
    TaskFilter filter;
    filter.topic = "order.created";
    ask(rig, "replay", filter, "a");
    assert_true(ended(rig));
    assert_true(eventually([&] { return rig.counters.delivered == 40; }));
    filter.topic = "entry.*";  // never asked for: it does not get them
    ask(rig, "replay", filter, "a");
    assert_true(ended(rig));
    assert_int_equal(rig.deliveries().size(), 40);
}

static void a_backfill_is_never_far_in_front_of_fresh_events(void**) {
    Rig rig(plan_of({subscription("old", {"order.*"})}));
    rig.start();
    rig.add(5000);
    assert_true(eventually([&] { return rig.counters.delivered == 5000; }));
    Subscription slow = subscription("slow", {"order.*"});
    slow.backfill_ms = 3600000;
    slow.concurrency = 2;
    rig.wire.script([](const Sent& sent, size_t) {
        return Answer{200, sent.url.find("/slow") != std::string::npos ? 5 : 0};
    });
    rig.plan = plan_of({subscription("old", {"order.*"}), slow});
    rig.dispatcher->swap(rig.plan);
    assert_true(eventually([&] { return rig.wire.sent_to("/slow").size() > 50; }));
    assert_true(rig.deliveries("pending").size() <= 1000);
    rig.add(1, "order.fresh");
    const auto arrived = [&] {
        for (const Sent& one : rig.wire.sent_to("/slow"))
            if (one.body.find("order.fresh") != std::string::npos) return true;
        return false;
    };
    const size_t before = rig.wire.sent_to("/slow").size();
    assert_true(eventually(arrived));
    assert_true(rig.wire.sent_to("/slow").size() - before < 500);
}

static void one_that_is_disabled_is_waited_for(void**) {
    Rig rig(plan_of({subscription("a", {"order.*"})}));
    rig.start();
    rig.add(10);
    assert_true(eventually([&] { return rig.counters.delivered == 10; }));
    rig.wire.script([](const Sent&, size_t) { return Answer{410}; });
    rig.add(1);
    assert_true(eventually([&] { return rig.row("a").state == SubscriptionState::disabled; }));
    ask(rig, "replay", {}, "a");
    assert_false(ended(rig, 1500));
    assert_non_null(strstr(drained(rig.log).c_str(), "waits: \"a\" is disabled"));
}

static void a_task_of_a_subscription_that_has_gone_ends(void**) {
    Rig rig(plan_of({subscription("a", {"order.*"}), subscription("b", {"order.*"})}));
    rig.start();
    rig.add(10);
    assert_true(eventually([&] { return rig.counters.delivered == 20; }));
    const int64_t gone = rig.row("b").number;
    rig.plan = plan_of({subscription("a", {"order.*"})});
    rig.dispatcher->swap(rig.plan);
    assert_true(eventually([&] { return rig.row("b").state == SubscriptionState::removed; }));
    TaskRow task;
    task.kind = "replay";
    task.subscription = gone;
    task.filter = "{}";
    assert_fine(write_now(*rig.store, [&](Tx& tx) { return tx.add_task(task); }));
    assert_true(ended(rig));
    assert_int_equal(rig.deliveries().size(), 20);
}

static void what_is_cancelled_is_not_sent_also_when_it_is_in_memory(void**) {
    auto plan = plan_of({subscription("a", {"order.*"}), subscription("b", {"entry.*"})});
    plan->subscriptions[0].concurrency = 1;
    Rig rig(plan);
    rig.wire.script([](const Sent& sent, size_t) {
        return Answer{200, sent.url.find("/a") != std::string::npos ? 100 : 0};
    });
    rig.start();
    rig.add(600);
    rig.add(5, "entry.created");
    assert_true(rig.wire.wait(7));
    ask(rig, "cancel", {}, "a");
    assert_true(ended(rig));
    assert_true(eventually([&] { return rig.deliveries("pending").empty(); }));
    const size_t sent = rig.wire.sent_to("/a").size();
    assert_true(sent < 100);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    assert_true(rig.wire.sent_to("/a").size() <= sent + 1);
    assert_int_equal(rig.deliveries("cancelled").size() + rig.deliveries("delivered").size(), 605);
    assert_true(eventually([&] { return rig.wire.sent_to("/b").size() == 5; }));
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(dead_ones_go_again_with_the_same_id_and_the_others_do_not),
        cmocka_unit_test(a_new_subscription_gets_what_was_recorded_once_and_only_at_first_sight),
        cmocka_unit_test(a_backfill_that_is_stopped_between_any_two_steps_makes_each_once),
        cmocka_unit_test(a_backfill_leaves_out_what_there_is_and_a_replay_does_not),
        cmocka_unit_test(a_backfill_is_never_far_in_front_of_fresh_events),
        cmocka_unit_test(one_that_is_disabled_is_waited_for),
        cmocka_unit_test(a_task_of_a_subscription_that_has_gone_ends),
        cmocka_unit_test(what_is_cancelled_is_not_sent_also_when_it_is_in_memory),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
