// Poison: what three processes did not survive is put aside, and nobody who was only near it.
#include <signal.h>
#include <sys/wait.h>

#include "crypto/ids.h"
#include "dispatch/in_hand.h"
#include "rig.h"

using namespace trot_test;

// Opens the store in a process of its own and delivers, until it is killed or has been for so long.
static pid_t deliver_elsewhere(const std::string& path, const Wire::Script& script, int for_ms) {
    const pid_t child = fork();
    if (child != 0) return child;
    StoreOptions store_options;
    store_options.path = path;
    auto store = open_store(store_options);
    if (!store) _exit(1);
    Wire wire;
    wire.script(script);
    DispatchOptions options;
    options.store = store.value().get();
    options.plan = plan_of({subscription("a", {"*"}, {20, 20, 20, 20})});
    options.transport = [&wire](event_base* base, const Plan&) -> Result<std::unique_ptr<Transport>> {
        return fake_transport(base, wire);
    };
    auto dispatcher = start_dispatcher(options);
    if (!dispatcher) _exit(2);
    std::this_thread::sleep_for(std::chrono::milliseconds(for_ms));
    dispatcher.value()->stop(1000);
    store.value()->writer().stop(1000);
    _exit(0);
}

static int ended_by(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void fill(const std::string& path, size_t events, size_t poison) {
    Open open(path);
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        for (size_t i = 0; i < events; ++i) {
            Event event = some_event("order.created", i == poison ? R"({"n":"poison"})" : R"({"n":1})");
            if (Result<void> added = tx.add_event(event); !added) return added;
        }
        return {};
    }));
    open.store->writer().stop(1000);
}

// The transport's way of dying: in the middle of taking a request.
static Answer dies_of_poison(const Sent& sent, size_t) {
    if (sent.body.find("poison") != std::string::npos) raise(SIGKILL);
    return Answer{};
}

static void three_processes_die_of_it_and_then_the_others_are_delivered(void**) {
    TempDir dir;
    const std::string path = dir.path() + "/store";
    Rig rig(plan_of({subscription("a", {"*"}, {20, 20, 20, 20})}));
    rig.close();
    // The subscription is known before the events come.
    assert_int_equal(ended_by(deliver_elsewhere(path, dies_of_poison, 300)), 0);
    fill(path, 20, 3);
    for (int death = 0; death < 3; ++death)
        assert_int_equal(ended_by(deliver_elsewhere(path, dies_of_poison, 20000)), SIGKILL);
    rig.path = path;
    rig.open();
    rig.wire.script(dies_of_poison);  // it would be our end
    rig.start();
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 19; }));
    const auto dead = rig.deliveries("dead");
    assert_int_equal(dead.size(), 1);
    assert_string_equal(dead[0].delivery.last_error.c_str(), "quarantined");
    assert_int_equal(dead[0].delivery.deaths, 3);
    assert_int_equal(rig.counters.quarantined, 1);
    const std::string log = drained(rig.log);
    assert_non_null(
        strstr(log.c_str(), (spell_id(delivery_prefix, dead[0].delivery.number) + " is quarantined").c_str()));
    // By hand it may go again, and does no harm once what killed is mended.
    rig.wire.script(nullptr);
    TaskRow task;
    task.kind = "redeliver";
    task.filter = R"({"state":"dead"})";
    assert_fine(write_now(*rig.store, [&](Tx& tx) { return tx.add_task(task); }));
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 20; }));
    assert_int_equal(rig.deliveries()[3].delivery.deaths, 0);
}

static void who_is_killed_from_outside_puts_nothing_aside(void**) {
    TempDir dir;
    const std::string path = dir.path() + "/store";
    Rig rig(plan_of({subscription("a", {"*"}, {20, 20, 20, 20})}));
    rig.close();
    assert_int_equal(ended_by(deliver_elsewhere(path, nullptr, 300)), 0);
    fill(path, 3000, 3000);
    for (int round = 0; round < 10; ++round) {
        const pid_t child = deliver_elsewhere(
            path,
            [](const Sent&, size_t) {
                return Answer{200, 3};
            },
            20000);
        std::this_thread::sleep_for(std::chrono::milliseconds(60 + round * 7));
        kill(child, SIGKILL);
        assert_int_equal(ended_by(child), SIGKILL);
    }
    rig.path = path;
    rig.open();
    rig.start();
    assert_true(rig.settled(3000));
    assert_int_equal(rig.deliveries("delivered").size(), 3000);
    assert_int_equal(rig.counters.quarantined, 0);
}

// A leader that counts what was left, and dies with that in hand.
static void die_with(const std::string& path, int64_t reign, const InHand& what) {
    const pid_t child = fork();
    if (child == 0) {
        Open open(path);
        Hands hands;
        if (!hands.open(path)) _exit(1);
        std::vector<InHand> left = hands.left();
        if (!left.empty()) (void)write_now(*open.store, [&](Tx& tx) { return tx.count_deaths(hands.reign(), left); });
        hands.begin(reign);
        const Hands::Note note = what.delivery ? hands.delivery(what.number) : hands.event(what.number);
        raise(SIGKILL);
    }
    assert_int_equal(ended_by(child), SIGKILL);
}

static void what_waits_behind_a_quarantined_one_goes_on(void**) {
    auto plan = plan_of({subscription("a", {"*"}, {20, 20, 20, 20})});
    plan->subscriptions[0].order = Order::resource;
    Rig rig(plan);
    rig.wire.script([](const Sent&, size_t) { return Answer{200, -1}; });
    rig.start();
    rig.add(2);  // of one order
    assert_true(eventually([&] { return rig.deliveries("queued").size() == 1 && rig.wire.count() == 1; }));
    const int64_t first = rig.deliveries("pending")[0].delivery.number;
    rig.close();
    const std::string path = rig.dir.path() + "/store";
    for (int64_t death = 1; death <= 3; ++death) die_with(path, death, {true, first});
    rig.path = path;
    rig.open();
    rig.wire.script(nullptr);
    rig.start();
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 1; }));
    assert_int_equal(rig.deliveries("dead").size(), 1);
    assert_int_equal(rig.deliveries("dead")[0].delivery.number, first);
}

static void an_event_that_three_processes_did_not_survive_is_not_looked_at_again(void**) {
    TempDir dir;
    const std::string path = dir.path() + "/store";
    Rig rig(plan_of({subscription("a", {"*"})}));
    rig.close();
    assert_int_equal(ended_by(deliver_elsewhere(path, nullptr, 300)), 0);
    fill(path, 5, 2);
    const auto events = open_reader(path).value()->events_after(0, 10);
    assert_fine(events);
    const int64_t poison = events.value()[2].number;
    for (int64_t death = 1; death <= 3; ++death) die_with(path, death, {false, poison});
    rig.path = path;
    rig.open();
    rig.start();
    assert_true(eventually([&] { return rig.counters.delivered == 4; }));
    assert_int_equal(rig.reader->event(poison).value().flags & event_quarantined, event_quarantined);
    assert_int_equal(rig.deliveries().size(), 4);
}

static void what_is_in_hand_outlives_the_process_and_only_that(void**) {
    TempDir dir;
    {
        Hands hands;
        assert_fine(hands.open(dir.path()));
        assert_true(hands.left().empty());
        hands.begin(42);
        { const Hands::Note note = hands.delivery(7); }
        const Hands::Note event = hands.event(9);
        Hands next;  // as another process sees it
        assert_fine(next.open(dir.path()));
        assert_int_equal(next.reign(), 42);
        assert_int_equal(next.left().size(), 1);
        assert_false(next.left()[0].delivery);
        assert_int_equal(next.left()[0].number, 9);
    }
    Hands after;
    assert_fine(after.open(dir.path()));
    assert_true(after.left().empty());
    Hands nowhere;
    assert_false(nowhere.open(dir.path() + "/none").ok());
    const Hands::Note note = nowhere.delivery(7);  // in memory: nobody sees it
    assert_false(nowhere.mapped());
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_hand_outlives_the_process_and_only_that),
        cmocka_unit_test(three_processes_die_of_it_and_then_the_others_are_delivered),
        cmocka_unit_test(who_is_killed_from_outside_puts_nothing_aside),
        cmocka_unit_test(what_waits_behind_a_quarantined_one_goes_on),
        cmocka_unit_test(an_event_that_three_processes_did_not_survive_is_not_looked_at_again),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
