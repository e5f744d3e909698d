// Jobs and snapshots in the store: what exchanges leave for later ones, its bounds, and its survival.
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot_test;

constexpr int64_t t0 = 1763776800000;

WaitingRow waiting(const std::string& name, Waiting kind, int64_t at_ms) {
    return {name, kind, at_ms, "POST", "/uploads", "bytes of " + name};
}

std::string snapshot(Store& store, const std::string& name, int64_t at_ms) {
    std::string out = "none";
    assert_fine(write_now(store, [&](Tx& tx) -> Result<void> {
        const auto found = tx.find_snapshot(name, at_ms);
        if (!found) return found.fault();
        if (found.value()) out = *found.value();
        return {};
    }));
    return out;
}

std::string job(Store& store, const std::string& name, Waiting kind) {
    std::string out = "none";
    assert_fine(write_now(store, [&](Tx& tx) -> Result<void> {
        const auto found = tx.find_waiting(name, kind);
        if (!found) return found.fault();
        if (found.value()) out = *found.value();
        return {};
    }));
    return out;
}

void is(const std::string& got, const char* want) { assert_string_equal(got.c_str(), want); }

Tidied tidy(Store& store, const MemoryLimits& limits) {
    Tidied out;
    assert_fine(write_now(store, [&](Tx& tx) -> Result<void> {
        const auto done = tx.tidy(limits);
        if (!done) return done.fault();
        out = done.value();
        return {};
    }));
    return out;
}

void a_job_waits_until_it_is_taken_up(void**) {
    TempDir dir;
    {
        Open open(dir / "store");
        assert_fine(write_now(*open.store, [](Tx& tx) { return tx.put_waiting(waiting("d:1", Waiting::job, t0)); }));
    }
    Open open(dir / "store");
    is(job(*open.store, "d:1", Waiting::job), "bytes of d:1");
    is(job(*open.store, "d:1", Waiting::result), "none");
    is(job(*open.store, "d:2", Waiting::job), "none");
    assert_int_equal(open.reader->status().value().jobs, 1);
    assert_fine(write_now(*open.store, [](Tx& tx) { return tx.remove_waiting("d:1"); }));
    is(job(*open.store, "d:1", Waiting::job), "none");
}

void a_snapshot_never_goes_back_in_time(void**) {
    TempDir dir;
    Open open(dir / "store");
    const auto put = [&](int64_t at_ms, const char* state) {
        assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.put_snapshot("d:item/1", at_ms, state); }));
    };
    put(t0, "{\"v\":1}");
    put(t0 + 2, "{\"v\":3}");
    put(t0 + 1, "{\"v\":2}");  // late, from the spill file
    is(snapshot(*open.store, "d:item/1", t0 + 2), "{\"v\":3}");
    is(snapshot(*open.store, "d:item/1", t0 + 1), "none");  // it shows what came later
    assert_fine(write_now(*open.store, [](Tx& tx) { return tx.remove_snapshot("d:item/1", t0 + 1); }));
    is(snapshot(*open.store, "d:item/1", t0 + 3), "{\"v\":3}");
    assert_fine(write_now(*open.store, [](Tx& tx) { return tx.remove_snapshot("d:item/1", t0 + 2); }));
    is(snapshot(*open.store, "d:item/1", t0 + 3), "none");
    // Written while the clock was ten years ahead: the first right one replaces it.
    const int64_t future = system_clock().wall_ms() + int64_t{10} * 365 * 86400000;
    put(future, "{\"v\":9}");
    put(t0 + 5, "{\"v\":5}");
    is(snapshot(*open.store, "d:item/1", t0 + 5), "{\"v\":5}");
}

void what_a_failed_job_remembered_is_not_counted(void**) {
    TempDir dir;
    Open open(dir / "store");
    const Result<void> failed = write_now(*open.store, [](Tx& tx) -> Result<void> {
        if (Result<void> put = tx.put_snapshot("d:1", t0, std::string(1000, 'x')); !put) return put;
        return Fault{Code::internal, "no"};
    });
    assert_false(failed.ok());
    assert_fine(write_now(*open.store, [](Tx& tx) { return tx.put_snapshot("d:2", t0, "12345"); }));
    // Room for 8 bytes is room for "d:2" and its 5.
    assert_int_equal(tidy(*open.store, {0, 0, 8, 100}).rows, 0);
    assert_int_equal(tidy(*open.store, {0, 0, 7, 100}).rows, 1);
}

void the_oldest_snapshots_go_for_room_and_for_age(void**) {
    TempDir dir;
    Open open(dir / "store");
    for (int i = 0; i < 10; ++i)
        assert_fine(write_now(*open.store, [&](Tx& tx) {
            return tx.put_snapshot("n" + std::to_string(i), t0 + i, std::string(98, 'x'));
        }));
    assert_fine(write_now(*open.store, [](Tx& tx) { return tx.put_snapshot("n0", t0 + 10, std::string(98, 'y')); }));
    assert_int_equal(tidy(*open.store, {0, 0, 1000, 100}).rows, 0);
    assert_int_equal(tidy(*open.store, {0, 0, 750, 2}).rows, 2);  // in small steps
    assert_int_equal(tidy(*open.store, {0, 0, 750, 2}).rows, 1);
    is(snapshot(*open.store, "n3", t0 + 20), "none");
    assert_true(snapshot(*open.store, "n0", t0 + 20) != "none");  // it was touched last
    assert_int_equal(tidy(*open.store, {0, t0 + 6, 1000, 100}).rows, 2);
    assert_true(snapshot(*open.store, "n6", t0 + 20) != "none");
    assert_int_equal(open.reader->status().value().snapshots, 5);
}

void a_job_without_a_result_is_given_up_by_name(void**) {
    TempDir dir;
    Open open(dir / "store");
    assert_fine(write_now(*open.store, [](Tx& tx) -> Result<void> {
        for (const WaitingRow& row : {waiting("d:old", Waiting::job, t0), waiting("d:early", Waiting::result, t0),
                                      waiting("d:new", Waiting::job, t0 + 100)})
            if (Result<void> put = tx.put_waiting(row); !put) return put;
        return {};
    }));
    const Tidied gone = tidy(*open.store, {t0 + 50, 0, 1000, 100});
    assert_int_equal(gone.rows, 2);
    assert_int_equal(gone.unresolved.size(), 1);
    assert_string_equal(gone.unresolved[0].name.c_str(), "d:old");
    assert_string_equal(gone.unresolved[0].path.c_str(), "/uploads");
    is(job(*open.store, "d:new", Waiting::job), "bytes of d:new");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_job_waits_until_it_is_taken_up),
        cmocka_unit_test(a_snapshot_never_goes_back_in_time),
        cmocka_unit_test(what_a_failed_job_remembered_is_not_counted),
        cmocka_unit_test(the_oldest_snapshots_go_for_room_and_for_age),
        cmocka_unit_test(a_job_without_a_result_is_given_up_by_name),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
