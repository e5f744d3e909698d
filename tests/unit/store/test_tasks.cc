// What operators ask of the store: deliveries once more or never, tasks and where they stand, and what processes died
// of.
#include "crypto/ids.h"
#include "store/task_filter.h"
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot_test;

constexpr int64_t subscription = 7;

// An event with one delivery of that state.
Delivery one_delivery(Open& open, DeliveryState state = DeliveryState::pending, unsigned attempts = 0,
                      int64_t age_ms = 0) {
    Delivery delivery;
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        Event event = some_event();
        event.at_ms -= age_ms;
        if (Result<void> added = tx.add_event(event); !added) return added;
        delivery.event = event.number;
        delivery.subscription = subscription;
        delivery.format = "standard";
        delivery.state = state;
        delivery.attempts = attempts;
        delivery.due_ms = event.at_ms + (state == DeliveryState::pending ? 3600000 : 0);
        delivery.finished_ms = state == DeliveryState::pending ? 0 : event.at_ms;
        if (Result<void> added = tx.add_delivery(delivery); !added) return added;
        return tx.set_cursor(event.number);
    }));
    return delivery;
}

Delivery read(Open& open, int64_t number) {
    Filter filter;
    filter.delivery = number;
    const auto found = open.reader->list_deliveries(filter);
    assert_fine(found);
    assert_int_equal(found.value().size(), 1);
    return found.value().front().delivery;
}

void end(Open& open, int64_t delivery, DeliveryState state, unsigned attempt) {
    Outcome outcome;
    outcome.attempt.delivery = delivery;
    outcome.attempt.number = attempt;
    outcome.attempt.at_ms = system_clock().wall_ms();
    outcome.attempt.status = state == DeliveryState::delivered ? 200 : 500;
    outcome.state = state;
    outcome.due_ms = outcome.attempt.at_ms + 1000;
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.finish(outcome); }));
}

void ask_again(Open& open, int64_t delivery) {
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.redeliver(delivery); }));
}

void what_an_operator_asks_for_does_not_use_up_the_schedule(void**) {
    TempDir dir;
    Open open(dir / "store");
    const Delivery dead = one_delivery(open, DeliveryState::dead, 8);
    ask_again(open, dead.number);
    assert_int_equal(read(open, dead.number).uncounted, 1);
    ask_again(open, dead.number);  // asked twice before anything went out: it is one attempt
    Delivery now = read(open, dead.number);
    assert_int_equal(now.uncounted, 1);
    assert_int_equal(static_cast<int>(now.state), static_cast<int>(DeliveryState::pending));
    assert_int_equal(now.attempts, 8);
    end(open, dead.number, DeliveryState::dead, 9);
    ask_again(open, dead.number);
    now = read(open, dead.number);
    assert_int_equal(now.attempts - now.uncounted, 7);  // the one that comes brings it to 8 again
}

void one_that_waits_for_its_next_try_keeps_its_place_in_the_schedule(void**) {
    TempDir dir;
    Open open(dir / "store");
    const Delivery waiting = one_delivery(open, DeliveryState::pending, 3);
    ask_again(open, waiting.number);
    const Delivery now = read(open, waiting.number);
    assert_int_equal(now.due_ms, 0);
    assert_int_equal(now.uncounted, 1);
}

void what_is_sent_again_leaves_its_lane(void**) {
    TempDir dir;
    Open open(dir / "store");
    Delivery delivery = one_delivery(open);
    delivery.lane = "order/1042";
    delivery.sequence = 4;
    delivery.state = DeliveryState::dead;
    delivery.finished_ms = 1;
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.add_delivery(delivery); }));
    ask_again(open, delivery.number);
    assert_string_equal(read(open, delivery.number).lane.c_str(), "");
    assert_int_equal(read(open, delivery.number).sequence, 4);
}

void by_filter_only_what_is_in_that_state_still_goes_again_behind_what_is_due(void**) {
    TempDir dir;
    Open open(dir / "store");
    const Delivery dead = one_delivery(open, DeliveryState::dead, 2);
    const Delivery done = one_delivery(open, DeliveryState::delivered, 1);
    const Delivery gathering = one_delivery(open, DeliveryState::gathering);
    bool first = false, second = true, third = true;
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        first = tx.redeliver(dead.number, DeliveryState::dead).value();
        second = tx.redeliver(done.number, DeliveryState::dead).value();
        third = tx.redeliver(gathering.number, DeliveryState::gathering).value();
        return {};
    }));
    assert_true(first && !second && !third);
    assert_true(read(open, dead.number).due_ms >= dead.due_ms);
    assert_int_equal(write_now(*open.store, [&](Tx& tx) { return tx.redeliver(gathering.number); }).fault().code,
                     Code::not_found);
}

void what_was_cancelled_on_the_wire_is_not_tried_again_but_may_have_arrived(void**) {
    TempDir dir;
    Open open(dir / "store");
    const Delivery fails = one_delivery(open);
    const Delivery arrives = one_delivery(open);
    const Delivery ended = one_delivery(open, DeliveryState::dead);
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        assert_true(tx.cancel_delivery(fails.number).value() && tx.cancel_delivery(arrives.number).value());
        assert_false(tx.cancel_delivery(ended.number).value());
        return {};
    }));
    end(open, fails.number, DeliveryState::pending, 1);
    end(open, arrives.number, DeliveryState::delivered, 1);
    assert_int_equal(static_cast<int>(read(open, fails.number).state), static_cast<int>(DeliveryState::cancelled));
    assert_int_not_equal(read(open, fails.number).finished_ms, 0);
    assert_int_equal(static_cast<int>(read(open, arrives.number).state), static_cast<int>(DeliveryState::delivered));
}

TaskRow some_task(const std::string& kind = "backfill") {
    TaskRow task;
    task.kind = kind;
    task.subscription = subscription;
    TaskFilter filter;
    filter.topic = "order.*";
    filter.by = "a \"test\"";
    task.filter = spell_task_filter(filter);
    return task;
}

void a_task_moves_only_from_where_it_stands_and_its_number_never_comes_again(void**) {
    TempDir dir;
    Open open(dir / "store");
    TaskRow nothing = some_task();
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.add_task(nothing); }));
    assert_int_equal(nothing.number, 0);  // there is no event
    const Delivery delivery = one_delivery(open);
    TaskRow task = some_task();
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.add_task(task); }));
    assert_int_equal(task.until_event, delivery.event);
    bool wrong = true, right = false, twice = true;
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        wrong = tx.move_task(task.number, 5, 9).value();
        right = tx.move_task(task.number, 0, 9).value();
        twice = tx.move_task(task.number, 0, 9).value();
        return tx.count_task(task.number, 3);
    }));
    assert_true(right && !wrong && !twice);
    const auto rows = open.reader->tasks();
    assert_fine(rows);
    assert_int_equal(rows.value().size(), 1);
    assert_int_equal(rows.value()[0].at_event, 9);
    assert_int_equal(rows.value()[0].made, 3);
    const Result<TaskFilter> filter = read_task_filter(rows.value()[0].filter);
    assert_fine(filter);
    assert_string_equal(filter.value().topic.c_str(), "order.*");
    assert_string_equal(filter.value().by.c_str(), "a \"test\"");
    bool ended = false, again = true;
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        ended = tx.end_task(task.number).value();
        again = tx.end_task(task.number).value();
        return {};
    }));
    assert_true(ended && !again);
    TaskRow next = some_task("redeliver");
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.add_task(next); }));
    assert_int_equal(next.number, task.number + 1);
    assert_int_equal(next.until_event, delivery.number);
}

void deliveries_are_picked_window_by_window_and_none_is_left_out(void**) {
    TempDir dir;
    Open open(dir / "store");
    std::vector<int64_t> dead;
    int64_t last = 0;
    for (int i = 0; i < 50; ++i) {
        const Delivery one = one_delivery(open, i % 3 == 0 ? DeliveryState::dead : DeliveryState::delivered, 1);
        if (i % 3 == 0) dead.push_back(one.number);
        last = one.number;
    }
    TaskFilter filter;
    filter.state = "dead";
    std::vector<int64_t> found;
    int rounds = 0;
    for (int64_t at = 0; at < last; ++rounds) {
        int64_t to = 0;
        const auto picked = open.reader->pick_deliveries(filter, subscription, at, last, 7, to);
        assert_fine(picked);
        for (const Delivery& one : picked.value()) found.push_back(one.number);
        assert_true(to > at);
        at = to;
    }
    assert_true(found == dead);
    assert_int_equal(rounds, 8);
    int64_t to = 0;
    assert_int_equal(open.reader->pick_deliveries(filter, subscription + 1, 0, last, 100, to).value().size(), 0);
    filter.since_ms = system_clock().wall_ms() + 1000;
    assert_int_equal(open.reader->pick_deliveries(filter, 0, 0, last, 100, to).value().size(), 0);
}

std::vector<InHand> die(Open& open, int64_t reign, std::vector<InHand> notes) {
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.count_deaths(reign, notes); }));
    return notes;
}

void three_deaths_quarantine_a_delivery_and_one_attempt_that_ends_clears_them(void**) {
    TempDir dir;
    Open open(dir / "store");
    const Delivery poison = one_delivery(open);
    const Delivery innocent = one_delivery(open);
    assert_int_equal(die(open, 11, {{true, poison.number}, {true, innocent.number}})[0].deaths, 1);
    assert_int_equal(die(open, 11, {{true, poison.number}})[0].deaths, 0);  // the same reign is counted once
    end(open, innocent.number, DeliveryState::pending, 1);
    assert_int_equal(read(open, innocent.number).deaths, 0);
    assert_int_equal(die(open, 12, {{true, poison.number}, {true, innocent.number}})[1].deaths, 1);
    assert_int_equal(static_cast<int>(read(open, poison.number).state), static_cast<int>(DeliveryState::pending));
    assert_int_equal(die(open, 13, {{true, poison.number}})[0].deaths, 3);
    Delivery dead = read(open, poison.number);
    assert_int_equal(static_cast<int>(dead.state), static_cast<int>(DeliveryState::dead));
    assert_string_equal(dead.last_error.c_str(), "quarantined");
    assert_int_not_equal(dead.finished_ms, 0);
    assert_int_equal(static_cast<int>(read(open, innocent.number).state), static_cast<int>(DeliveryState::pending));
    ask_again(open, poison.number);  // by hand it may try again, three times
    dead = read(open, poison.number);
    assert_int_equal(static_cast<int>(dead.state), static_cast<int>(DeliveryState::pending));
    assert_int_equal(dead.deaths, 0);
}

void three_deaths_quarantine_an_event_and_an_owed_one_is_let_go(void**) {
    TempDir dir;
    Open open(dir / "store");
    Event plain = some_event();
    Event owed = some_event();
    owed.hydrate = std::make_shared<const HydrateOrder>(HydrateOrder{"/orders/1", ""});
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        if (Result<void> added = tx.add_event(plain); !added) return added;
        return tx.add_event(owed);
    }));
    for (int64_t reign = 1; reign <= 3; ++reign) die(open, reign, {{false, plain.number}, {false, owed.number}});
    assert_int_equal(open.reader->event(plain.number).value().flags & event_quarantined, event_quarantined);
    const uint32_t flags = open.reader->event(owed.number).value().flags;
    assert_int_equal(flags & (event_owed | event_quarantined), 0);
    assert_int_equal(flags & event_unhydrated, event_unhydrated);
}

void an_event_that_was_expanded_since_begins_anew(void**) {
    TempDir dir;
    Open open(dir / "store");
    Event event = some_event();
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.add_event(event); }));
    die(open, 1, {{false, event.number}});
    die(open, 2, {{false, event.number}});
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.set_cursor(event.number); }));
    die(open, 3, {{true, 1}});  // of something else
    assert_int_equal(die(open, 4, {{false, event.number}})[0].deaths, 1);
}

int prune(Open& open, int64_t before_ms, int64_t dead_before_ms) {
    int events = 0;
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        const Result<Pruned> gone = tx.prune(before_ms, dead_before_ms, 1000, 1000);
        if (!gone) return gone.fault();
        events = gone.value().events;
        return {};
    }));
    return events;
}

void dead_letters_stay_for_as_long_as_is_said(void**) {
    TempDir dir;
    Open open(dir / "store");
    one_delivery(open, DeliveryState::delivered, 1);
    one_delivery(open, DeliveryState::dead, 1);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const int64_t now = system_clock().wall_ms();
    assert_int_equal(prune(open, now, now - 60000), 1);
    assert_int_equal(prune(open, now, now - 60000), 0);
    assert_int_equal(open.reader->status().value().events, 1);
    assert_int_equal(prune(open, now, now), 1);
}

void what_a_task_has_not_come_to_stays_until_it_has(void**) {
    TempDir dir;
    Open open(dir / "store");
    const Delivery first = one_delivery(open, DeliveryState::delivered, 1, 5000);
    one_delivery(open, DeliveryState::delivered, 1, 5000);
    TaskRow task = some_task();
    task.at_event = first.event;
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.add_task(task); }));
    const int64_t before_ms = task.created_ms - 1000;  // older than the task, younger than the events
    assert_int_equal(prune(open, before_ms, before_ms), 1);
    assert_int_equal(prune(open, before_ms, before_ms), 0);
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        const Result<bool> ended = tx.end_task(task.number);
        return ended ? Result<void>() : ended.fault();
    }));
    assert_int_equal(prune(open, before_ms, before_ms), 1);
}

void a_task_is_no_reason_to_keep_what_there_is_no_room_for(void**) {
    TempDir dir;
    Open open(dir / "store");
    one_delivery(open, DeliveryState::delivered, 1, 5000);
    TaskRow task = some_task();
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.add_task(task); }));
    const int64_t now = task.created_ms + 1000;
    assert_int_equal(prune(open, now, now), 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_an_operator_asks_for_does_not_use_up_the_schedule),
        cmocka_unit_test(one_that_waits_for_its_next_try_keeps_its_place_in_the_schedule),
        cmocka_unit_test(what_is_sent_again_leaves_its_lane),
        cmocka_unit_test(by_filter_only_what_is_in_that_state_still_goes_again_behind_what_is_due),
        cmocka_unit_test(what_was_cancelled_on_the_wire_is_not_tried_again_but_may_have_arrived),
        cmocka_unit_test(a_task_moves_only_from_where_it_stands_and_its_number_never_comes_again),
        cmocka_unit_test(deliveries_are_picked_window_by_window_and_none_is_left_out),
        cmocka_unit_test(three_deaths_quarantine_a_delivery_and_one_attempt_that_ends_clears_them),
        cmocka_unit_test(three_deaths_quarantine_an_event_and_an_owed_one_is_let_go),
        cmocka_unit_test(an_event_that_was_expanded_since_begins_anew),
        cmocka_unit_test(dead_letters_stay_for_as_long_as_is_said),
        cmocka_unit_test(what_a_task_has_not_come_to_stays_until_it_has),
        cmocka_unit_test(a_task_is_no_reason_to_keep_what_there_is_no_room_for),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
