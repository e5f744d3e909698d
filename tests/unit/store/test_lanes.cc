// Lanes in the store: counts, what is before what, cancelling, redelivering, retention, repair.
#include "store/lanes.h"
#include "store/queries.h"
#include "store/salvage.h"
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot_test;

constexpr int64_t subscription = 7;

// A delivery of an event of its own, in the lane.
Delivery add(Store& store, DeliveryState state, const std::string& lane,
             const std::function<void(Delivery&)>& change = {}) {
    Delivery delivery;
    assert_fine(write_now(store, [&](Tx& tx) -> Result<void> {
        Event event = some_event();
        event.at_ms = 1000;
        if (Result<void> added = tx.add_event(event); !added) return added;
        delivery = Delivery{};
        delivery.event = event.number;
        delivery.subscription = subscription;
        delivery.format = "standard";
        delivery.state = state;
        delivery.lane = lane;
        if (!lane.empty()) delivery.sequence = tx.lanes().next_sequence(subscription, lane, 1000).value();
        if (change) change(delivery);
        if (Result<void> added = tx.add_delivery(delivery); !added) return added;
        return tx.set_cursor(event.number);
    }));
    return delivery;
}

Delivery row(Reader& reader, int64_t number) {
    Filter filter;
    filter.delivery = number;
    const auto lines = reader.list_deliveries(filter);
    assert_fine(lines);
    assert_int_equal(lines.value().size(), 1);
    return lines.value()[0].delivery;
}

void finish(Store& store, int64_t number, DeliveryState state, bool batch = false) {
    Outcome outcome;
    outcome.attempt.delivery = number;
    outcome.attempt.at_ms = 2000;
    outcome.state = state;
    outcome.batch = batch;
    assert_fine(write_now(store, [&](Tx& tx) { return tx.finish(outcome); }));
}

void each_lane_counts_for_itself(void**) {
    TempDir dir;
    Open open(dir / "store");
    assert_int_equal(add(*open.store, DeliveryState::pending, "order/1").sequence, 1);
    assert_int_equal(add(*open.store, DeliveryState::queued, "order/1").sequence, 2);
    assert_int_equal(add(*open.store, DeliveryState::pending, "order/2").sequence, 1);
}

void a_redelivered_one_leaves_lane_and_batch(void**) {
    TempDir dir;
    Open open(dir / "store");
    const Delivery done = add(*open.store, DeliveryState::pending, "order/1", [](Delivery& one) { one.batch = 5; });
    const Delivery waits = add(*open.store, DeliveryState::queued, "order/1");
    finish(*open.store, 5, DeliveryState::dead, true);
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.redeliver(done.number); }));
    assert_false(write_now(*open.store, [&](Tx& tx) { return tx.redeliver(waits.number); }).ok());
    const Delivery again = row(*open.reader, done.number);
    assert_int_equal(static_cast<int>(again.state), static_cast<int>(DeliveryState::pending));
    assert_true(again.lane.empty());
    assert_int_equal(again.batch, 0);
    assert_int_equal(again.sequence, 1);  // as its receiver knows it
    assert_int_equal(static_cast<int>(row(*open.reader, waits.number).state), static_cast<int>(DeliveryState::queued));
}

void what_goes_together_is_due_together(void**) {
    TempDir dir;
    Open open(dir / "store");
    const auto in_batch = [](Delivery& one) {
        one.batch = 5;
        one.due_ms = 999999;
    };
    const Delivery a = add(*open.store, DeliveryState::pending, "", in_batch);
    const Delivery b = add(*open.store, DeliveryState::pending, "", in_batch);
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.redeliver(b.number); }));
    assert_int_equal(row(*open.reader, a.number).due_ms, 0);
    assert_int_equal(row(*open.reader, a.number).batch, 5);
    assert_int_equal(row(*open.reader, b.number).batch, 5);
}

void cancelling_reaches_all_that_waits(void**) {
    TempDir dir;
    Open open(dir / "store");
    for (int i = 0; i < 3; ++i)
        for (const DeliveryState state : {DeliveryState::pending, DeliveryState::gathering, DeliveryState::queued})
            add(*open.store, state, "order/1");
    int left = 9;
    while (left > 0) {
        int cancelled = 0;
        assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
            const Result<int> done = tx.cancel_deliveries(subscription, 4);
            if (!done) return done.fault();
            cancelled = done.value();
            return {};
        }));
        assert_int_equal(cancelled, std::min(4, left));
        left -= cancelled;
    }
    Filter filter;
    filter.state = "cancelled";
    assert_int_equal(open.reader->list_deliveries(filter).value().size(), 9);
}

int prune(Store& store) {
    int events = 0;
    assert_fine(write_now(store, [&](Tx& tx) -> Result<void> {
        const Result<Pruned> gone = tx.prune(system_clock().wall_ms(), system_clock().wall_ms(), 1000, 1000);
        if (!gone) return gone.fault();
        events = gone.value().events;
        return {};
    }));
    return events;
}

// An event that somebody still needs stays: what gathers, what is queued, and the first of several changes.
void retention_leaves_what_is_needed(void**) {
    TempDir dir;
    Open open(dir / "store");
    const Delivery first = add(*open.store, DeliveryState::delivered, "", [](Delivery& one) { one.finished_ms = 1; });
    const Delivery joined =
        add(*open.store, DeliveryState::gathering, "order/1", [&](Delivery& one) { one.first_event = first.event; });
    const Delivery queued = add(*open.store, DeliveryState::queued, "order/1");
    assert_int_equal(prune(*open.store), 0);
    for (const int64_t number : {joined.number, queued.number})
        assert_fine(
            write_now(*open.store, [&](Tx& tx) { return tx.lanes().move(number, DeliveryState::pending, 0, 0); }));
    finish(*open.store, queued.number, DeliveryState::delivered);
    assert_int_equal(prune(*open.store), 1);
    finish(*open.store, joined.number, DeliveryState::delivered);
    // The last change goes first, and with it the need for the first one.
    assert_int_equal(prune(*open.store), 1);
    assert_int_equal(prune(*open.store), 1);
    assert_int_equal(open.reader->status().value().events, 0);
}

void idle_lanes_are_forgotten(void**) {
    TempDir dir;
    Open open(dir / "store");
    const Delivery done = add(*open.store, DeliveryState::pending, "order/1");
    add(*open.store, DeliveryState::pending, "order/2");
    finish(*open.store, done.number, DeliveryState::delivered);
    for (const int64_t before_ms : {1000, 1001}) {
        int forgotten = -1;
        assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
            const Result<int> gone = tx.lanes().forget(before_ms, 100);
            if (!gone) return gone.fault();
            forgotten = gone.value();
            return {};
        }));
        assert_int_equal(forgotten, before_ms == 1000 ? 0 : 1);  // in order/2 somebody waits
    }
    assert_int_equal(add(*open.store, DeliveryState::pending, "order/1").sequence, 1);
    assert_int_equal(add(*open.store, DeliveryState::queued, "order/2").sequence, 2);
}

void lanes_without_a_head_are_found(void**) {
    TempDir dir;
    Open open(dir / "store");
    add(*open.store, DeliveryState::pending, "order/1");
    add(*open.store, DeliveryState::queued, "order/1");
    add(*open.store, DeliveryState::queued, "order/2");
    add(*open.store, DeliveryState::gathering, "order/3");
    add(*open.store, DeliveryState::queued, "order/4");
    std::vector<std::string> found;
    Lane at;
    do {
        const auto some = open.reader->stranded(at, 2);
        assert_fine(some);
        for (const Lane& lane : some.value()) found.push_back(lane.name);
    } while (!at.name.empty());
    assert_int_equal(found.size(), 2);
    assert_string_equal(found[0].c_str(), "order/2");
    assert_string_equal(found[1].c_str(), "order/4");
}

void who_gathers_is_told(void**) {
    TempDir dir;
    Open open(dir / "store");
    assert_int_equal(open.reader->gathering().value().size(), 0);
    for (const int64_t who : {9, 3, 9})
        add(*open.store, DeliveryState::gathering, "order/1", [who](Delivery& one) {
            one.subscription = who;
            one.due_ms = one.sequence * 100;
        });
    const auto rows = open.reader->gathering();
    assert_fine(rows);
    assert_int_equal(rows.value().size(), 2);
    assert_int_equal(rows.value()[0].subscription, 3);
    assert_int_equal(rows.value()[1].subscription, 9);
    assert_int_equal(rows.value()[1].due_ms, 100);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(each_lane_counts_for_itself),        cmocka_unit_test(a_redelivered_one_leaves_lane_and_batch),
        cmocka_unit_test(what_goes_together_is_due_together), cmocka_unit_test(cancelling_reaches_all_that_waits),
        cmocka_unit_test(retention_leaves_what_is_needed),    cmocka_unit_test(idle_lanes_are_forgotten),
        cmocka_unit_test(lanes_without_a_head_are_found),     cmocka_unit_test(who_gathers_is_told),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
