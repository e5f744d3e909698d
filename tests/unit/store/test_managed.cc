// Subscriptions that APIs make: their rows, ids and generation, and what happens to their deliveries when they go.
#include "store/sqlite.h"
#include "tests/unit/store/managed_fixture.h"

namespace {

using namespace trot_test;

void what_is_added_is_found(void**) {
    TempDir dir;
    SetClock clock;
    Open open(dir / "store", [&](StoreOptions& options) { options.clock = &clock; });
    ManagedRow wanted = some_managed("shop", "", "Größe");
    wanted.row.state = SubscriptionState::paused;
    wanted.row.reason = unconfirmed;
    wanted.row.filter = "[{}]";
    wanted.settings = std::string("{\"x\":\"\\u0000\"}") + std::string("\0\xff", 2);
    const ManagedRow made = added(*open.store, wanted);
    assert_string_equal(made.row.name.c_str(), "1");
    assert_true(made.row.number > 0 && made.row.created_ms == clock.now_ms && made.row.changed_ms == clock.now_ms);
    assert_true(made.row.state == SubscriptionState::paused && made.row.reason == unconfirmed);
    same(made, open.reader->managed(made.row.number).value());
    same(made, open.reader->managed("shop", "1").value());
    assert_true(open.reader->managed("shop", "2").fault().code == Code::not_found);
    assert_true(open.reader->managed("other", "1").fault().code == Code::not_found);
    assert_true(open.reader->managed(made.row.number + 1).fault().code == Code::not_found);
    const ManagedRow named = added(*open.store, some_managed("shop", "5964a0ead57ba2036750a3b4"));
    assert_true(named.row.number != made.row.number);
    same(named, open.reader->managed("shop", "5964a0ead57ba2036750a3b4").value());
    assert_string_equal(open.reader->subscription(made.row.number).value().name.c_str(), "1");
    assert_true(open.reader->subscription(named.row.number + 1).fault().code == Code::not_found);
    // Those of files are a list of their own.
    assert_true(open.reader->subscriptions().value().empty());
    assert_int_equal(open.reader->list_subscriptions().value().size(), 2);
    ManagedRow foreign = some_managed("shop");
    foreign.row.origin = "file";
    assert_true(write_now(*open.store, [&](Tx& tx) { return tx.add_managed(foreign); }).fault().code == Code::usage);
}

void a_change_keeps_who_it_is(void**) {
    TempDir dir;
    SetClock clock;
    Open open(dir / "store", [&](StoreOptions& options) { options.clock = &clock; });
    const ManagedRow made = added(*open.store, some_managed("shop"));
    clock.now_ms += 1000;
    ManagedRow other = some_managed("elsewhere", "77", "new");
    other.row.number = made.row.number;
    other.row.since = 99;
    other.row.created_ms = 1;
    other.row.state = SubscriptionState::disabled;
    other.row.reason = "why";
    other.row.failures = 3;
    assert_fine(changed(*open.store, other));
    assert_true(other.row.origin == "api:shop" && other.row.name == made.row.name);
    assert_true(other.row.since == made.row.since && other.row.created_ms == made.row.created_ms);
    assert_int_equal(other.row.changed_ms, clock.now_ms);
    same(other, open.reader->managed("shop", "1").value());
    ManagedRow nobody = some_managed("shop");
    nobody.row.number = 12345;
    assert_true(changed(*open.store, nobody).fault().code == Code::not_found);
    // A file's subscription is not an API's to change or remove.
    SubscriptionRow file;
    file.origin = "file";
    file.name = "mine";
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.put_subscription(file); }));
    ManagedRow theft = some_managed("shop");
    theft.row.number = file.number;
    assert_true(changed(*open.store, theft).fault().code == Code::not_found);
    assert_true(removed(*open.store, file.number).fault().code == Code::not_found);
    assert_int_equal(open.reader->subscriptions().value().size(), 1);
}

void ids_are_given_once(void**) {
    TempDir dir;
    {
        Open open(dir / "store");
        assert_string_equal(added(*open.store, some_managed("shop")).row.name.c_str(), "1");
        const ManagedRow second = added(*open.store, some_managed("shop"));
        assert_string_equal(second.row.name.c_str(), "2");
        assert_fine(removed(*open.store, second.row.number));
        assert_string_equal(added(*open.store, some_managed("shop")).row.name.c_str(), "3");
        assert_string_equal(added(*open.store, some_managed("other")).row.name.c_str(), "1");
        added(*open.store, some_managed("shop", "9"));
        // Given back by who did not commit, never by who did.
        assert_false(write_now(*open.store, [&](Tx& tx) -> Result<void> {
                         ManagedRow lost = some_managed("shop");
                         assert_fine(tx.add_managed(lost));
                         assert_string_equal(lost.row.name.c_str(), "4");
                         return Fault{Code::usage, "no"};
                     }).ok());
        std::vector<ManagedRow> two{some_managed("shop"), some_managed("shop")};
        assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
            for (ManagedRow& one : two)
                if (Result<void> done = tx.add_managed(one); !done.ok()) return done;
            return {};
        }));
        assert_true(two[0].row.name == "4" && two[1].row.name == "5");
        assert_true(two[0].row.number != two[1].row.number && two[0].row.generation != two[1].row.generation);
    }
    Open open(dir / "store");
    const ManagedPage page = open.reader->list_managed(of_api("shop")).value();
    for (const ManagedRow& one : page.rows) assert_fine(removed(*open.store, one.row.number));
    assert_string_equal(added(*open.store, some_managed("shop")).row.name.c_str(), "6");
}

void the_removed_are_gone_for_good(void**) {
    TempDir dir;
    Open open(dir / "store");
    std::vector<int64_t> numbers;
    // An id that a client chooses may come back, again and again.
    for (int times = 0; times < 3; ++times) {
        const ManagedRow made = added(*open.store, some_managed("shop", "chosen"));
        numbers.push_back(made.row.number);
        assert_fine(removed(*open.store, made.row.number));
        assert_true(removed(*open.store, made.row.number).fault().code == Code::not_found);
        ManagedRow late = made;
        assert_true(changed(*open.store, late).fault().code == Code::not_found);
        assert_true(open.reader->managed("shop", "chosen").fault().code == Code::not_found);
        assert_true(open.reader->managed(made.row.number).fault().code == Code::not_found);
    }
    assert_int_equal(open.reader->list_managed(of_api("shop")).value().total, 0);
    const auto rows = open.reader->managed_after(0);
    assert_fine(rows);
    assert_int_equal(rows.value().size(), 3);
    for (size_t at = 0; at < 3; ++at) {
        const SubscriptionRow& row = rows.value()[at];
        assert_true(row.number == numbers[at] && row.state == SubscriptionState::removed && row.origin == "gone:shop");
        assert_int_equal(row.name.rfind("chosen", 0), 0);
    }
    // An outcome that comes too late does not bring it back.
    assert_fine(write_now(*open.store, [&](Tx& tx) {
        return tx.move_subscription(numbers[0], {SubscriptionState::active, "", rows.value()[0].changed_ms},
                                    SubscriptionState::active, "", 1, 0);
    }));
    assert_true(open.reader->managed_after(0).value()[0].state == SubscriptionState::removed);
}

void every_change_is_a_generation(void**) {
    TempDir dir;
    Open open(dir / "store");
    assert_int_equal(generation(*open.reader), 0);
    ManagedRow first = added(*open.store, some_managed("shop"));
    const ManagedRow second = added(*open.store, some_managed("other"));
    assert_int_equal(generation(*open.reader), 2);
    assert_true(first.row.generation == 1 && second.row.generation == 2);
    assert_fine(changed(*open.store, first));
    assert_int_equal(generation(*open.reader), 3);
    assert_int_equal(first.row.generation, 3);
    const auto since = [&](int64_t before) {
        std::vector<int64_t> numbers;
        const auto rows = open.reader->managed_after(before);
        assert_fine(rows);
        for (const SubscriptionRow& row : rows.value()) numbers.push_back(row.number);
        return numbers;
    };
    const std::vector<int64_t> both{first.row.number, second.row.number};
    assert_true(since(0) == both);  // by number, not by generation
    assert_true(since(2) == std::vector<int64_t>{first.row.number} && since(3).empty());
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.touch_subscription(second.row.number); }));
    assert_true(generation(*open.reader) == 4 && since(3) == std::vector<int64_t>{second.row.number});
    assert_true(open.reader->managed(second.row.number).value().row.changed_ms == second.row.changed_ms);
    assert_fine(removed(*open.store, second.row.number));
    assert_true(generation(*open.reader) == 5 && since(4) == std::vector<int64_t>{second.row.number});
    // What fails is none, and a file's subscription neither.
    assert_false(removed(*open.store, second.row.number).ok());
    SubscriptionRow file;
    file.origin = "file";
    file.name = "mine";
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.put_subscription(file); }));
    assert_true(generation(*open.reader) == 5 && since(5).empty() && since(0) == both);
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        const Result<int64_t> seen = tx.generation();
        assert_fine(seen);
        assert_int_equal(seen.value(), 5);
        return {};
    }));
}

void it_gets_only_newer_events(void**) {
    TempDir dir;
    Open open(dir / "store");
    assert_int_equal(added(*open.store, some_managed("shop")).row.since, 0);
    const int64_t before = delivered(*open.store, 1).event;
    assert_int_equal(added(*open.store, some_managed("shop")).row.since, before);
    Event event = some_event();
    ManagedRow made = some_managed("shop");
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        if (Result<void> done = tx.add_event(event); !done.ok()) return done;
        return tx.add_managed(made);
    }));
    assert_int_equal(made.row.since, event.number);  // of the same transaction
    delivered(*open.store, 1);
    assert_fine(changed(*open.store, made));
    assert_int_equal(made.row.since, event.number);
    // What rests misses what happens meanwhile.
    made.row.state = SubscriptionState::paused;
    assert_fine(changed(*open.store, made));
    const int64_t missed = delivered(*open.store, 1).event;
    made.row.state = SubscriptionState::active;
    assert_fine(changed(*open.store, made));
    assert_int_equal(made.row.since, missed);
    // Retention may have removed all events: the cursor still tells.
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.set_cursor(missed + 1000000); }));
    assert_int_equal(added(*open.store, some_managed("shop")).row.since, missed + 1000000);
}

void deliveries_of_the_removed_are_cancelled(void**) {
    TempDir dir;
    Open open(dir / "store");
    const int64_t gone = added(*open.store, some_managed("shop")).row.number;
    const int64_t other = added(*open.store, some_managed("shop")).row.number;
    std::vector<int64_t> made;
    for (int count = 0; count < 5; ++count) made.push_back(delivered(*open.store, gone).number);
    const int64_t kept = delivered(*open.store, other).number;
    tried(*open.store, made[0], 1, DeliveryState::delivered, 10);
    tried(*open.store, made[1], 1, DeliveryState::dead, 10);
    const auto cancel = [&](int most) {
        int count = -1;
        assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
            const Result<int> done = tx.cancel_deliveries(gone, most);
            if (!done.ok()) return done.fault();
            count = done.value();
            return {};
        }));
        return count;
    };
    assert_int_equal(cancel(2), 2);
    assert_int_equal(cancel(2), 1);
    assert_int_equal(cancel(2), 0);
    const auto in_state = [&](const char* state) {
        Filter filter;
        filter.state = state;
        return open.reader->list_deliveries(filter).value();
    };
    assert_int_equal(in_state("cancelled").size(), 3);
    assert_true(in_state("cancelled")[0].delivery.finished_ms > 0);
    assert_true(in_state("delivered").size() == 1 && in_state("dead").size() == 1);
    assert_true(in_state("pending").size() == 1 && in_state("pending")[0].delivery.number == kept);
}

void what_has_ended_is_sent_again(void**) {
    TempDir dir;
    Open open(dir / "store");
    const int64_t subscription = added(*open.store, some_managed("shop")).row.number;
    const int64_t delivery = delivered(*open.store, subscription).number;
    for (const DeliveryState state : {DeliveryState::delivered, DeliveryState::dead}) {
        tried(*open.store, delivery, state == DeliveryState::delivered ? 1 : 2, state, 10);
        assert_true(open.reader->due(subscription, 1000, 0, 0, 10).value().empty());
        assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.redeliver(delivery); }));
        const auto due = open.reader->due(subscription, 0, -1, 0, 10);
        assert_fine(due);
        assert_int_equal(due.value().size(), 1);
        const Delivery& again = due.value()[0];
        assert_true(again.number == delivery && again.state == DeliveryState::pending && again.finished_ms == 0);
        assert_int_equal(again.attempts, state == DeliveryState::delivered ? 1 : 2);
    }
    assert_true(write_now(*open.store, [&](Tx& tx) { return tx.redeliver(delivery + 1); }).fault().code ==
                Code::not_found);
}

void a_nonce_is_used_once(void**) {
    TempDir dir;
    SetClock clock;
    Open open(dir / "store", [&](StoreOptions& options) { options.clock = &clock; });
    Open beside(dir / "store", [&](StoreOptions& options) { options.clock = &clock; });
    const auto first_use = [&](Store& store, const char* name) {
        bool fresh = false;
        assert_fine(write_now(store, [&](Tx& tx) -> Result<void> {
            const Result<bool> taken = tx.take_nonce(name, clock.now_ms + 900000);
            if (!taken.ok()) return taken.fault();
            fresh = taken.value();
            return {};
        }));
        return fresh;
    };
    assert_true(first_use(*open.store, "one") && !first_use(*open.store, "one"));
    assert_false(first_use(*beside.store, "one"));  // another process of the same store
    assert_true(first_use(*beside.store, "two") && !first_use(*open.store, "two"));
    clock.now_ms += 900000;
    assert_false(first_use(*open.store, "one"));
    clock.now_ms += 1;
    assert_true(first_use(*open.store, "one"));
    Db db;
    assert_int_equal(db.open(dir / "store/trotline.db", SQLITE_OPEN_READONLY), SQLITE_OK);
    int64_t kept = 0;
    assert_int_equal(db.number("SELECT count(*) FROM nonces", kept), SQLITE_OK);
    assert_int_equal(kept, 1);  // the others are forgotten
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_found),
        cmocka_unit_test(a_change_keeps_who_it_is),
        cmocka_unit_test(ids_are_given_once),
        cmocka_unit_test(the_removed_are_gone_for_good),
        cmocka_unit_test(every_change_is_a_generation),
        cmocka_unit_test(it_gets_only_newer_events),
        cmocka_unit_test(deliveries_of_the_removed_are_cancelled),
        cmocka_unit_test(what_has_ended_is_sent_again),
        cmocka_unit_test(a_nonce_is_used_once),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
