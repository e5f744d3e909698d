// The record as its callers use it: one life of an event, numbers, subscriptions, retention, captures.
#include <sys/stat.h>

#include "crypto/ids.h"
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot_test;

void one_life(void**) {
    TempDir dir;
    Open open(dir / "store");
    int64_t subscription = 0;
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        SubscriptionRow row;
        row.name = "warehouse";
        row.origin = "file";
        row.url = "https://warehouse.example/hooks";
        row.topics = "order.*";
        row.format = "standard";
        Result<void> put = tx.put_subscription(row);
        subscription = row.number;
        return put;
    }));
    assert_true(subscription > 0);

    Event event = some_event();
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.add_event(event); }));
    const Result<std::vector<Event>> fresh = open.reader->events_after(0, 10);
    assert_fine(fresh);
    assert_int_equal(fresh.value().size(), 1);
    const Event& read = fresh.value()[0];
    assert_int_equal(read.number, event.number);
    assert_string_equal(read.topic.c_str(), "order.created");
    assert_string_equal(read.resource_id.c_str(), "1042");
    assert_int_equal(read.status, 201);
    assert_int_equal(read.capture.size(), 16);
    assert_true(read.capture == event.capture);
    assert_string_equal(read.payload->c_str(), "{\"id\":1}");

    Delivery delivery;
    delivery.event = event.number;
    delivery.subscription = subscription;
    delivery.format = "standard";
    delivery.due_ms = event.at_ms;
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        if (Result<void> made = tx.add_delivery(delivery); !made.ok()) return made;
        return tx.set_cursor(event.number);
    }));
    assert_true(delivery.number > event.number);
    assert_int_equal(open.reader->cursor().value(), event.number);
    assert_int_equal(open.reader->next_due(subscription).value(), event.at_ms);
    const auto due = open.reader->due(subscription, event.at_ms, 0, 0, 10);
    assert_fine(due);
    assert_int_equal(due.value().size(), 1);
    assert_int_equal(due.value()[0].number, delivery.number);
    assert_int_equal(open.reader->due(subscription, event.at_ms - 1, 0, 0, 10).value().size(), 0);
    assert_int_equal(open.reader->due(subscription, event.at_ms, event.at_ms, delivery.number, 10).value().size(), 0);

    Outcome outcome;
    outcome.attempt = {delivery.number, 1, event.at_ms + 5, 7, 503, "", "busy"};
    outcome.due_ms = event.at_ms + 5000;
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.finish(outcome); }));
    assert_int_equal(open.reader->next_due(subscription).value(), event.at_ms + 5000);
    outcome.attempt = {delivery.number, 2, event.at_ms + 5001, 3, 204, "", ""};
    outcome.state = DeliveryState::delivered;
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.finish(outcome); }));
    assert_int_equal(open.reader->next_due(subscription).value(), -1);

    Filter filter;
    filter.event = event.number;
    const auto lines = open.reader->list_deliveries(filter);
    assert_fine(lines);
    assert_int_equal(lines.value().size(), 1);
    const DeliveryLine& line = lines.value()[0];
    assert_int_equal(static_cast<int>(line.delivery.state), static_cast<int>(DeliveryState::delivered));
    assert_int_equal(line.delivery.attempts, 2);
    assert_int_equal(line.delivery.last_status, 204);
    assert_int_equal(line.delivery.finished_ms, event.at_ms + 5004);
    assert_string_equal(line.subscription.c_str(), "warehouse");
    assert_string_equal(line.topic.c_str(), "order.created");

    filter = Filter{};
    filter.delivery = delivery.number;
    filter.oldest_first = true;
    const auto attempts = open.reader->list_attempts(filter);
    assert_fine(attempts);
    assert_int_equal(attempts.value().size(), 2);
    assert_int_equal(attempts.value()[0].status, 503);
    assert_string_equal(attempts.value()[0].answer.c_str(), "busy");

    const auto subscriptions = open.reader->list_subscriptions();
    assert_fine(subscriptions);
    assert_int_equal(subscriptions.value()[0].delivered, 1);
    assert_int_equal(subscriptions.value()[0].pending, 0);
    const auto status = open.reader->status();
    assert_fine(status);
    assert_int_equal(status.value().events, 1);
    assert_int_equal(status.value().pending, 0);
    assert_int_equal(status.value().unexpanded, 0);
    assert_int_equal(status.value().schema_version, 3);
    assert_true(status.value().file_bytes > 0);
}

void the_file_is_private(void**) {
    TempDir dir;
    Open open(dir / "deep/store");
    struct stat found {};
    assert_int_equal(stat((dir / "deep/store").c_str(), &found), 0);
    assert_int_equal(found.st_mode & 0777, 0700);
    for (const char* name : {"deep/store/trotline.db", "deep/store/trotline.db-wal", "deep/store/writer.lock"}) {
        assert_int_equal(stat((dir / name).c_str(), &found), 0);
        assert_int_equal(found.st_mode & 0777, 0600);
    }
}

class StillClock final : public Clock {
  public:
    int64_t wall_ms() const override { return now_ms; }
    int64_t steady_us() const override { return system_clock().steady_us(); }
    std::atomic<int64_t> now_ms{1795312800000};
};

void numbers_never_go_back(void**) {
    TempDir dir;
    StillClock clock;
    const auto with_clock = [&](StoreOptions& options) { options.clock = &clock; };
    int64_t last_event = 0;
    int64_t last_delivery = 0;
    const auto add = [&](Store& store) {
        Event event = some_event();
        event.at_ms = clock.wall_ms();
        Delivery delivery;
        assert_fine(write_now(store, [&](Tx& tx) -> Result<void> {
            if (Result<void> added = tx.add_event(event); !added.ok()) return added;
            delivery.event = event.number;
            delivery.state = DeliveryState::delivered;
            if (Result<void> added = tx.add_delivery(delivery); !added.ok()) return added;
            return tx.set_cursor(event.number);
        }));
        assert_true(event.number > last_event);
        assert_true(delivery.number > last_delivery);
        last_event = event.number;
        last_delivery = delivery.number;
    };
    {
        Open open(dir / "store", with_clock);
        add(*open.store);
        assert_int_equal(id_wall_ms(last_event), clock.wall_ms());
        clock.now_ms -= 3600000;  // set back an hour
        add(*open.store);
        // Retention removes them all: the numbers still do not come again.
        clock.now_ms += 7200000;
        assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
            const Result<Pruned> gone = tx.prune(clock.wall_ms(), clock.wall_ms(), 100, 100);
            assert_fine(gone);
            assert_int_equal(gone.value().events, 2);
            return {};
        }));
        clock.now_ms -= 7200000;
        add(*open.store);
    }
    clock.now_ms = 0;  // the battery is empty
    Open again(dir / "store", with_clock);
    add(*again.store);
}

void subscriptions_keep_who_they_are(void**) {
    TempDir dir;
    Open open(dir / "store");
    SubscriptionRow row;
    row.origin = "file";
    row.name = "warehouse";
    row.url = "https://one.example/";
    const auto put = [&] { assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.put_subscription(row); })); };
    const auto keep = [&](const std::vector<std::string>& names) {
        assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.keep_subscriptions(names); }));
    };
    put();
    const int64_t number = row.number;
    assert_fine(write_now(*open.store, [&](Tx& tx) {
        return tx.set_subscription(number, SubscriptionState::disabled, "410 Gone", 3, 77);
    }));
    row = SubscriptionRow{};
    row.origin = "file";
    row.name = "warehouse";
    row.url = "https://two.example/";
    put();
    assert_int_equal(row.number, number);
    assert_int_equal(static_cast<int>(row.state), static_cast<int>(SubscriptionState::disabled));
    assert_string_equal(row.reason.c_str(), "410 Gone");
    assert_int_equal(row.failures, 3);
    assert_int_equal(row.failing_ms, 77);
    keep({"warehouse"});
    keep({"other"});
    auto rows = open.reader->subscriptions();
    assert_fine(rows);
    assert_int_equal(rows.value().size(), 1);
    assert_string_equal(rows.value()[0].url.c_str(), "https://two.example/");
    assert_int_equal(static_cast<int>(rows.value()[0].state), static_cast<int>(SubscriptionState::removed));
    row.state = SubscriptionState::active;  // back in the file: the same one, working again
    put();
    assert_int_equal(row.number, number);
    rows = open.reader->subscriptions();
    assert_int_equal(static_cast<int>(rows.value()[0].state), static_cast<int>(SubscriptionState::active));
}

void retention_takes_what_is_finished(void**) {
    TempDir dir;
    Open open(dir / "store");
    const int64_t now = system_clock().wall_ms();
    std::vector<Event> events;
    int64_t subscription = 7;
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        for (int at = 0; at < 6; ++at) {
            Event event = some_event();
            event.at_ms = at == 5 ? now : now - 10000 + at;
            if (Result<void> added = tx.add_event(event); !added.ok()) return added;
            events.push_back(event);
            if (at == 0) continue;  // no subscription wanted the first
            Delivery delivery;
            delivery.event = event.number;
            delivery.subscription = subscription;
            if (Result<void> added = tx.add_delivery(delivery); !added.ok()) return added;
            if (at == 1) continue;  // pending
            Outcome outcome;
            outcome.attempt.delivery = delivery.number;
            outcome.state = at == 2 ? DeliveryState::dead : DeliveryState::delivered;
            if (Result<void> done = tx.finish(outcome); !done.ok()) return done;
        }
        return tx.set_cursor(events[3].number);
    }));
    const auto prune = [&](int most) {
        Pruned gone;
        assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
            const Result<Pruned> pruned = tx.prune(now - 1000, now - 1000, 1000, most);
            assert_fine(pruned);
            gone = pruned.value();
            return {};
        }));
        return gone.events;
    };
    assert_int_equal(prune(1), 1);    // the first
    assert_int_equal(prune(100), 2);  // dead and delivered; the pending one stays, and nothing behind the cursor goes
    assert_int_equal(prune(100), 0);
    const auto left = open.reader->events_after(0, 100);
    assert_fine(left);
    assert_int_equal(left.value().size(), 3);
    assert_int_equal(left.value()[0].number, events[1].number);
    assert_int_equal(left.value()[1].number, events[4].number);
    assert_int_equal(open.reader->status().value().events, 3);
    Filter filter;
    assert_int_equal(open.reader->list_deliveries(filter).value().size(), 3);
    assert_int_equal(open.reader->list_attempts(filter).value().size(), 2);
}

// One event with many deliveries and attempts goes in several steps, none of them much longer than it may be.
void retention_steps_are_bounded_in_rows(void**) {
    TempDir dir;
    Open open(dir / "store");
    constexpr int deliveries = 1000;
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        Event event = some_event();
        event.at_ms -= 10000;
        if (Result<void> added = tx.add_event(event); !added.ok()) return added;
        for (int at = 0; at < deliveries; ++at) {
            Delivery delivery;
            delivery.event = event.number;
            delivery.subscription = at + 1;
            if (Result<void> added = tx.add_delivery(delivery); !added.ok()) return added;
            Outcome outcome;
            outcome.state = DeliveryState::delivered;
            for (unsigned attempt = 1; attempt <= 3; ++attempt) {
                outcome.attempt.delivery = delivery.number;
                outcome.attempt.number = attempt;
                if (Result<void> done = tx.finish(outcome); !done.ok()) return done;
            }
        }
        return tx.set_cursor(event.number);
    }));
    int steps = 0;
    Pruned all;
    for (Pruned step{1, 0}; step.rows > 0; ++steps) {
        assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
            const Result<Pruned> pruned = tx.prune(system_clock().wall_ms(), system_clock().wall_ms(), 400, 400);
            assert_fine(pruned);
            step = pruned.value();
            return {};
        }));
        assert_true(step.rows <= 400 + 4);
        assert_true(all.events == 0 || step.rows == 0);
        all.rows += step.rows;
        all.events += step.events;
    }
    assert_int_equal(all.rows, 1 + deliveries * 4);
    assert_int_equal(all.events, 1);
    assert_true(steps > 5);
    const StoreStatus status = open.reader->status().value();
    assert_int_equal(status.events, 0);
    Filter filter;
    assert_int_equal(open.reader->list_deliveries(filter).value().size(), 0);
    assert_int_equal(open.reader->list_attempts(filter).value().size(), 0);
}

void an_event_is_found_by_its_capture(void**) {
    TempDir dir;
    Open open(dir / "store");
    const int64_t since = system_clock().wall_ms();
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        Event event = some_event();
        event.item = 3;
        if (Result<void> added = tx.add_event(event); !added.ok()) return added;
        assert_true(tx.has_event(event.capture, 3, since).value());
        assert_false(tx.has_event(event.capture, 2, since).value());
        assert_false(tx.has_event("another capture!", 3, since).value());
        assert_false(tx.has_event(event.capture, 3, since + 3600000).value());
        return {};
    }));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(one_life),
        cmocka_unit_test(the_file_is_private),
        cmocka_unit_test(numbers_never_go_back),
        cmocka_unit_test(subscriptions_keep_who_they_are),
        cmocka_unit_test(retention_takes_what_is_finished),
        cmocka_unit_test(retention_steps_are_bounded_in_rows),
        cmocka_unit_test(an_event_is_found_by_its_capture),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
