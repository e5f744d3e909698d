// What is owed to events: recorded with them, ended once and for all, never pruned away, carried out of a broken file.
#include "store/connect.h"
#include "store/salvage.h"
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot_test;

Event owed_event(const std::string& target = "/orders/5", const std::string& pointer = "/data") {
    Event event = some_event("order.updated", "{\"id\":5}");
    event.hydrate = std::make_shared<const HydrateOrder>(HydrateOrder{target, pointer});
    return event;
}

int64_t add(Store& store, Event event) {
    assert_fine(write_now(store, [&](Tx& tx) { return tx.add_event(event); }));
    return event.number;
}

std::vector<HydrationRow> orders(Reader& reader, int64_t after = 0, size_t limit = 100) {
    auto rows = reader.hydrations(after, limit);
    assert_fine(rows);
    return std::move(rows).value();
}

void it_is_recorded_with_its_event(void**) {
    TempDir dir;
    Open open(dir / "store");
    const int64_t plain = add(*open.store, some_event());
    const int64_t number = add(*open.store, owed_event());
    const int64_t second = add(*open.store, owed_event("/x", ""));
    const auto rows = orders(*open.reader);
    assert_int_equal(rows.size(), 2);
    assert_int_equal(rows[0].event, number);
    assert_string_equal(rows[0].order.target.c_str(), "/orders/5");
    assert_string_equal(rows[0].order.pointer.c_str(), "/data");
    assert_true(rows[0].owed && !rows[0].wanted && !rows[0].expanded && rows[0].tries == 0);
    assert_int_equal(orders(*open.reader, number).size(), 1);
    assert_int_equal(orders(*open.reader, 0, 1).size(), 1);
    assert_int_equal(open.reader->event(number).value().flags, event_owed);
    assert_int_equal(open.reader->event(plain).value().flags, 0);
    // All or nothing.
    assert_false(write_now(*open.store, [&](Tx& tx) -> Result<void> {
                     Event event = owed_event();
                     assert_fine(tx.add_event(event));
                     return Fault{Code::usage, "no"};
                 }).ok());
    assert_int_equal(orders(*open.reader).size(), 2);
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        Delivery delivery;
        delivery.event = number;
        delivery.subscription = 1;
        assert_fine(tx.add_delivery(delivery));
        return tx.set_cursor(number);
    }));
    const auto seen = orders(*open.reader);
    assert_true(seen[0].wanted && seen[0].expanded);
    assert_true(!seen[1].wanted && !seen[1].expanded && seen[1].event == second);
}

void the_first_end_counts(void**) {
    TempDir dir;
    Open open(dir / "store");
    Event cut = owed_event();
    cut.flags = event_truncated | event_opaque | event_ambiguous_path;
    const int64_t first = add(*open.store, std::move(cut));
    const int64_t second = add(*open.store, owed_event());
    const int64_t plain = add(*open.store, some_event());
    const std::string payload = "{\"whole\":true}";
    const std::string other = "{\"other\":true}";
    const auto settle = [&](int64_t event, const std::string* with) {
        assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.settle_hydration(event, with); }));
    };
    settle(first, &payload);
    settle(second, nullptr);
    assert_int_equal(orders(*open.reader).size(), 0);
    for (int again = 0; again < 2; ++again) {
        const Event told = open.reader->event(first).value();
        assert_string_equal(told.payload->c_str(), payload.c_str());
        assert_int_equal(told.flags, event_hydrated | event_ambiguous_path);  // the others spoke of the old payload
        const Event untold = open.reader->event(second).value();
        assert_string_equal(untold.payload->c_str(), "{\"id\":5}");
        assert_int_equal(untold.flags, event_unhydrated);
        const Event never = open.reader->event(plain).value();
        assert_string_equal(never.payload->c_str(), "{\"id\":1}");
        assert_int_equal(never.flags, 0);
        settle(first, &other);
        settle(first, nullptr);
        settle(second, &other);
        settle(plain, &other);
        settle(12345, &other);
    }
}

void tries_are_kept(void**) {
    TempDir dir;
    int64_t number = 0;
    {
        Open open(dir / "store");
        number = add(*open.store, owed_event());
        assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.postpone_hydration(number, 2, 777); }));
    }
    Open open(dir / "store");
    const auto rows = orders(*open.reader);
    assert_int_equal(rows.size(), 1);
    assert_int_equal(rows[0].tries, 2);
    assert_int_equal(rows[0].due_ms, 777);
}

void it_is_not_pruned_before(void**) {
    TempDir dir;
    Open open(dir / "store");
    const auto old = [](Event event) {
        event.at_ms = 1000;
        return event;
    };
    const int64_t owed = add(*open.store, old(owed_event()));
    const int64_t plain = add(*open.store, old(some_event()));
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.set_cursor(plain); }));
    const auto prune = [&] {
        assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
            const Result<Pruned> gone = tx.prune(2000, 2000, 100, 100);
            return gone ? Result<void>() : Result<void>(gone.fault());
        }));
    };
    prune();
    assert_true(open.reader->event(owed).ok());
    assert_false(open.reader->event(plain).ok());
    assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.settle_hydration(owed, nullptr); }));
    prune();
    prune();
    assert_false(open.reader->event(owed).ok());
}

void it_is_carried_out_of_a_broken_file(void**) {
    TempDir dir;
    int64_t wanted = 0;
    int64_t fresh = 0;
    {
        Open open(dir / "store");
        const int64_t done = add(*open.store, owed_event("/gone"));  // behind the cursor, and nobody waits for it
        wanted = add(*open.store, owed_event("/wanted"));
        assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
            Delivery delivery;
            delivery.event = wanted;
            delivery.subscription = 1;
            assert_fine(tx.add_delivery(delivery));
            return tx.set_cursor(wanted);
        }));
        fresh = add(*open.store, owed_event("/fresh"));
        assert_true(done < wanted && wanted < fresh);
    }
    Db from;
    assert_int_equal(from.open(dir / "store/trotline.db", SQLITE_OPEN_READWRITE), SQLITE_OK);
    const auto saved = salvage_into_new(from, dir / "new.db");
    assert_fine(saved);
    assert_int_equal(saved.value().gaps, 0);
    std::filesystem::create_directory(dir / "other");
    std::filesystem::rename(dir / "new.db", dir / "other/trotline.db");
    Open open(dir / "other");
    const auto rows = orders(*open.reader);
    assert_int_equal(rows.size(), 2);
    assert_true(rows[0].event == wanted && rows[0].owed && rows[0].wanted && rows[0].order.target == "/wanted");
    assert_true(rows[1].event == fresh && rows[1].owed && rows[1].order.target == "/fresh");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(it_is_recorded_with_its_event),
        cmocka_unit_test(the_first_end_counts),
        cmocka_unit_test(tries_are_kept),
        cmocka_unit_test(it_is_not_pruned_before),
        cmocka_unit_test(it_is_carried_out_of_a_broken_file),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
