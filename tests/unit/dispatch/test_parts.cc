// The dispatcher's parts that need no loop: breaker, run clock, topic index, leader lock, waker, mailbox, states of
// subscriptions.
#include <poll.h>

#include "dispatch/breaker.h"
#include "dispatch/leader.h"
#include "dispatch/mailbox.h"
#include "dispatch/run_clock.h"
#include "dispatch/subscriptions.h"
#include "dispatch/topics.h"
#include "dispatch/waker.h"
#include "rig.h"

using namespace trot_test;

static void breaker_opens_after_ten_failures_in_a_row(void**) {
    Breaker breaker;
    for (int i = 0; i < 9; ++i) breaker.failed(false, 0, 0);
    assert_false(breaker.open());
    assert_int_equal(breaker.limit(8, 0), 8);
    breaker.failed(false, 0, 0);
    assert_true(breaker.open());
    assert_int_equal(breaker.limit(8, 999), 0);
    assert_int_equal(breaker.next_ms(0), 1000);
    assert_int_equal(breaker.limit(8, 1000), 1);
}

static void breaker_opens_when_half_of_twenty_fail(void**) {
    Breaker breaker;
    for (int i = 0; i < 9; ++i) {
        breaker.failed(false, 0, 0);
        breaker.succeeded(false);
    }
    assert_false(breaker.open());
    breaker.succeeded(false);
    breaker.failed(false, 0, 0);
    assert_true(breaker.open());
}

static void breaker_probes_alone_and_ever_more_seldom(void**) {
    Breaker breaker;
    breaker.set_rules(10, 50, 8000);
    for (int i = 0; i < 10; ++i) breaker.failed(false, 0, 0);
    int64_t now = 0;
    for (const int64_t pause : {1000, 2000, 4000, 8000, 8000}) {
        assert_int_equal(breaker.next_ms(now) - now, pause);
        now = breaker.next_ms(now);
        assert_true(breaker.start(8, now));
        assert_int_equal(breaker.limit(8, now + 100000), 0);  // one probe at a time, however long it takes
        assert_false(breaker.start(8, now));
        breaker.failed(false, now, 0);  // an old attempt ends meanwhile: changes nothing
        breaker.failed(true, now, 0);
    }
}

static void breaker_lets_it_come_back_slowly(void**) {
    Breaker breaker;
    for (int i = 0; i < 10; ++i) breaker.failed(false, 0, 0);
    assert_true(breaker.start(8, 1000));
    breaker.succeeded(true);
    assert_false(breaker.open());
    unsigned limit = 1;
    for (const unsigned next : {2U, 4U, 8U, 16U}) {
        assert_int_equal(breaker.limit(1000, 1000), limit);
        for (unsigned i = 0; i < limit; ++i) breaker.succeeded(false);
        limit = next;
    }
    for (int i = 0; i < 5000; ++i) breaker.succeeded(false);
    assert_int_equal(breaker.limit(100000, 1000), 100000);  // wholly recovered
}

static void breaker_relapse_is_noticed_sooner(void**) {
    Breaker breaker;
    for (int i = 0; i < 10; ++i) breaker.failed(false, 0, 0);
    breaker.start(8, 1000);
    breaker.succeeded(true);
    for (int i = 0; i < 3; ++i) breaker.failed(false, 2000, 0);
    assert_true(breaker.open());
    assert_int_equal(breaker.next_ms(2000), 4000);  // the pause goes on growing
}

static void breaker_opens_as_its_rules_say(void**) {
    Breaker row;
    row.set_rules(3, 0, 60000);
    for (int i = 0; i < 2; ++i) row.failed(false, 0, 0);
    assert_false(row.open());
    row.failed(false, 0, 0);
    assert_true(row.open());
    Breaker percent;
    percent.set_rules(0, 90, 60000);
    percent.succeeded(false);
    percent.succeeded(false);
    for (int i = 0; i < 18; ++i) {
        assert_false(percent.open());
        percent.failed(false, 0, 0);
    }
    assert_true(percent.open());
    Breaker never;
    never.set_rules(0, 0, 60000);
    for (int i = 0; i < 1000; ++i) never.failed(false, 0, 0);
    assert_false(never.open());
}

// Once the pause is over the probe may wait for an attempt from before to end, but for no time: a timer that was set
// for what has passed would ring without end.
static void breaker_waits_for_no_time_that_has_passed(void**) {
    Breaker breaker;
    for (int i = 0; i < 10; ++i) breaker.failed(false, 0, 0);
    assert_int_equal(breaker.next_ms(999), 1000);
    assert_int_equal(breaker.next_ms(1000), -1);
    assert_int_equal(breaker.limit(8, 1000), 1);
    Breaker alive;
    for (int i = 0; i < 10; ++i) alive.failed(false, 0, 0);
    alive.succeeded(false);  // a late answer
    assert_int_equal(alive.next_ms(1), -1);
    assert_int_equal(alive.limit(8, 1), 1);
}

// However fast its answers are: in the first second no more than it has room for at once, then twice as many.
static void breaker_bounds_the_first_seconds(void**) {
    Breaker breaker;
    for (int i = 0; i < 10; ++i) breaker.failed(false, 0, 0);
    int64_t now = breaker.next_ms(0);
    assert_true(breaker.start(8, now));
    breaker.succeeded(true);
    assert_string_equal(std::string(breaker.name()).c_str(), "returning");
    std::vector<int> a_second;
    for (int second = 0; second < 8; ++second, now += 1000) {
        int sent = 0;
        for (int ms = 0; ms < 1000; ++ms)
            while (sent < 5000 && breaker.limit(8, now + ms) > 0) {
                breaker.start(8, now + ms);
                breaker.succeeded(false);
                ++sent;
            }
        if (breaker.returning()) assert_int_equal(breaker.next_ms(now + 500), now + 1000);
        a_second.push_back(sent);
    }
    for (int second = 0; second < 7; ++second) assert_int_equal(a_second[static_cast<size_t>(second)], 8 << second);
    assert_int_equal(a_second[7], 5000);  // wholly recovered
}

static void run_clock_follows_small_steps_and_not_jumps(void**) {
    JumpingClock clock;
    RunClock run(clock);
    const int64_t start = run.now_ms();
    clock.jump_ms = 1500;
    assert_in_range(run.now_ms() - start, 1500, 1600);
    clock.jump_ms = 3600 * 1000;
    assert_in_range(run.now_ms() - start, 1500, 1800);  // +1 h: no storm
    clock.jump_ms = -3600 * 1000;
    const int64_t before = run.now_ms();
    clock.steady_jump_us = 10 * 1000000;
    const int64_t moved = run.now_ms() - before;
    assert_in_range(moved, 7000, 10100);  // -1 h: goes on, a little slower
    clock.jump_ms = 10LL * 365 * 24 * 3600 * 1000;
    clock.steady_jump_us = 20 * 1000000;
    assert_in_range(run.now_ms() - before, moved + 10000, moved + 20100);  // +10 y: twice as fast at most
}

static void topics_say_the_same_as_the_plan(void**) {
    const std::vector<std::string> patterns = {"*", "order.*", "order.created", "order.line.*", "orders.*", "a", "a.*"};
    const std::vector<std::string> topics = {
        "order.created", "order.line.added", "order", "order.", "orders.created", "a", "a.b.c", "ab", "",
        "order.line.x.y"};
    TopicIndex index;
    std::vector<std::shared_ptr<const Listener>> listeners;
    for (size_t i = 0; i < patterns.size(); ++i) {
        listeners.push_back(std::make_shared<const Listener>(Listener{static_cast<int64_t>(i), "standard"}));
        index.add(patterns[i], listeners.back());
    }
    std::vector<const Listener*> found;
    for (const std::string& topic : topics) {
        index.find(topic, found);
        std::vector<int64_t> got, want;
        for (const Listener* listener : found) got.push_back(listener->subscription);
        for (size_t i = 0; i < patterns.size(); ++i)
            if (topic_matches(patterns[i], topic)) want.push_back(static_cast<int64_t>(i));
        if (got != want) fail_msg("topic '%s'", topic.c_str());
    }
    // Two patterns of one subscription make one delivery.
    TopicIndex twice;
    twice.add("order.*", listeners[0]);
    twice.add("order.created", listeners[0]);
    twice.find("order.created", found);
    assert_int_equal(found.size(), 1);
}

static void leader_lock_has_one_holder(void**) {
    TempDir dir;
    LeaderLock first(dir.path()), second(dir.path());
    assert_true(first.take().value());
    assert_false(second.take().value());
    assert_true(first.intact());
    first.release();
    assert_true(second.take().value());
    // Somebody removes the file: the holder notices, and a new one is another file.
    std::filesystem::remove(dir / "leader.lock");
    assert_false(second.intact());
    LeaderLock nowhere(dir / "missing");
    assert_false(nowhere.take().ok());
}

static void waker_reaches_the_leader(void**) {
    TempDir dir;
    const Waker early(dir.path());
    early.wake();  // nobody there: no harm
    std::string deep = dir.path();
    for (int i = 0; i < 12; ++i) deep += "/a-folder-deep-down";
    std::filesystem::create_directories(deep);
    for (const std::string& path : {dir.path(), deep}) {
        auto socket = WakeSocket::bind(path);
        assert_fine(socket);
        const Waker waker(path);
        for (int i = 0; i < 5000; ++i) waker.wake();  // more than the socket holds: never blocks
        pollfd readable{socket.value()->fd(), POLLIN, 0};
        assert_int_equal(poll(&readable, 1, 1000), 1);
        socket.value()->empty();
        assert_int_equal(poll(&readable, 1, 0), 0);
        assert_fine(WakeSocket::bind(path));  // an old file is replaced
    }
}

static void mailbox_keeps_order_and_closes(void**) {
    auto mailbox = Mailbox::make().value();
    std::vector<int> seen;
    for (int i = 0; i < 3; ++i) mailbox->post([&seen, i] { seen.push_back(i); });
    pollfd readable{mailbox->fd(), POLLIN, 0};
    assert_int_equal(poll(&readable, 1, 0), 1);
    mailbox->run();
    assert_true((seen == std::vector<int>{0, 1, 2}));
    assert_int_equal(poll(&readable, 1, 0), 0);
    mailbox->ring();
    assert_int_equal(poll(&readable, 1, 0), 1);
    auto held = std::make_shared<int>(1);
    mailbox->post([held] {});
    mailbox->close();
    mailbox->post([held] {});
    assert_int_equal(held.use_count(), 1);  // let go, not run
}

static void states_survive_a_reload(void**) {
    const Subscription plain = subscription("a");
    Subscription paused = plain;
    paused.paused = true;
    assert_int_equal(decide_state(nullptr, plain, false).state, SubscriptionState::active);
    assert_int_equal(decide_state(nullptr, paused, false).state, SubscriptionState::paused);

    SubscriptionRow row;
    row.number = 7;
    row.failures = 3;
    row.failing_ms = 99;
    row.state = SubscriptionState::disabled;
    row.reason = "gone";
    SubscriptionChange kept = decide_state(&row, plain, false);
    assert_int_equal(kept.state, SubscriptionState::disabled);
    assert_string_equal(kept.reason.c_str(), "gone");
    assert_int_equal(kept.failures, 3);
    assert_int_equal(kept.failing_ms, 99);
    assert_false(kept.revived);
    kept = decide_state(&row, plain, true);  // a new url: a new chance
    assert_true(kept.revived);
    assert_int_equal(kept.failing_ms, 0);
    assert_int_equal(kept.state, SubscriptionState::active);
    assert_int_equal(kept.failures, 0);

    row.state = SubscriptionState::paused;
    row.reason = "by an operator";
    assert_int_equal(decide_state(&row, plain, true).state, SubscriptionState::paused);
    row.reason = paused_by_file;
    assert_int_equal(decide_state(&row, plain, false).state, SubscriptionState::active);
    row.state = SubscriptionState::removed;
    assert_int_equal(decide_state(&row, plain, false).state, SubscriptionState::active);
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(breaker_opens_after_ten_failures_in_a_row),
        cmocka_unit_test(breaker_opens_when_half_of_twenty_fail),
        cmocka_unit_test(breaker_probes_alone_and_ever_more_seldom),
        cmocka_unit_test(breaker_lets_it_come_back_slowly),
        cmocka_unit_test(breaker_relapse_is_noticed_sooner),
        cmocka_unit_test(breaker_opens_as_its_rules_say),
        cmocka_unit_test(breaker_waits_for_no_time_that_has_passed),
        cmocka_unit_test(breaker_bounds_the_first_seconds),
        cmocka_unit_test(run_clock_follows_small_steps_and_not_jumps),
        cmocka_unit_test(topics_say_the_same_as_the_plan),
        cmocka_unit_test(leader_lock_has_one_holder),
        cmocka_unit_test(waker_reaches_the_leader),
        cmocka_unit_test(mailbox_keeps_order_and_closes),
        cmocka_unit_test(states_survive_a_reload),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
