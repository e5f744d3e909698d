// The disk fails: nothing counts as recorded that is not, nothing crashes or loops, and the store comes back by itself.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "tests/unit/store/failing_vfs.h"
#include "tests/unit/store/one_event.h"

namespace {

using namespace trot_test;

void a_full_disk_is_told_and_ends(void**) {
    TempDir dir;
    Open open(dir / "store");
    assert_fine(add_one(*open.store));
    failures().disk_full = true;
    const Result<void> outcome = add_one(*open.store);
    assert_false(outcome.ok());
    assert_int_equal(static_cast<int>(outcome.fault().code), static_cast<int>(Code::store));
    assert_false(open.store->writer().healthy());
    // While it lasts, jobs come back at once and nothing loops.
    const auto start = std::chrono::steady_clock::now();
    for (int at = 0; at < 50; ++at) assert_false(add_one(*open.store).ok());
    assert_true(std::chrono::steady_clock::now() - start < std::chrono::seconds(30));
    assert_true(open.counters.store_faults.load() >= 1 && open.counters.store_faults.load() < 50);
    failures().disk_full = false;
    assert_true(writes_again(*open.store));
    assert_int_equal(count(*open.reader), 2);
    const std::string log = drained(open.log);
    assert_non_null(strstr(log.c_str(), "full"));
    assert_non_null(strstr(log.c_str(), "records again"));
}

void a_really_full_disk(void**) {
    TempDir dir;
    const std::string mounted = dir / "small";
    assert_int_equal(mkdir(mounted.c_str(), 0700), 0);
    if (mount("none", mounted.c_str(), "tmpfs", 0, "size=1m") != 0) skip();  // needs root
    {
        Open open(mounted);
        const std::string payload(20000, 'x');
        int recorded = 0;
        Result<void> outcome;
        for (int at = 0; at < 200 && outcome.ok(); ++at) {
            outcome = write_now(*open.store, [&](Tx& tx) {
                Event event = some_event("big", payload);
                return tx.add_event(event);
            });
            recorded += outcome.ok() ? 1 : 0;
        }
        assert_false(outcome.ok());
        assert_true(recorded > 5);
        assert_int_equal(count(*open.reader), recorded);
        assert_int_equal(mount("none", mounted.c_str(), "tmpfs", MS_REMOUNT, "size=8m"), 0);
        assert_true(writes_again(*open.store));
        assert_int_equal(count(*open.reader), recorded + 1);
    }
    umount2(mounted.c_str(), MNT_DETACH);
}

void a_file_size_limit_is_an_error_not_a_death(void**) {
    TempDir dir;
    signal(SIGXFSZ, SIG_IGN);  // as every host does
    Open open(dir / "store");
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit small = before;
    small.rlim_cur = 256 << 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    Result<void> outcome;
    int recorded = 0;
    for (int at = 0; at < 100 && outcome.ok(); ++at) {
        outcome = write_now(*open.store, [&](Tx& tx) {
            Event event = some_event("big", std::string(20000, 'x'));
            return tx.add_event(event);
        });
        recorded += outcome.ok() ? 1 : 0;
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(outcome.ok());
    assert_true(writes_again(*open.store));
    assert_int_equal(count(*open.reader), recorded + 1);
}

// SQLite opens a file that it may not write for reading, silently: the first thing that notices is the probe at open.
void a_read_only_file_starts_sick_and_heals(void**) {
    TempDir dir;
    { Open make(dir / "store"); }
    const std::string mounted = dir / "store";
    if (mount(mounted.c_str(), mounted.c_str(), nullptr, MS_BIND, nullptr) != 0) skip();  // needs root
    assert_int_equal(mount("none", mounted.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr), 0);
    {
        StoreOptions options;
        options.path = mounted;
        Log log;
        options.log = &log;
        Result<std::unique_ptr<Store>> store = open_store(options);
        assert_fine(store);
        assert_false(store.value()->writer().healthy());
        assert_false(add_one(*store.value()).ok());
        assert_int_equal(mount("none", mounted.c_str(), nullptr, MS_REMOUNT | MS_BIND, nullptr), 0);
        assert_true(writes_again(*store.value()));
    }
    umount2(mounted.c_str(), MNT_DETACH);
}

void an_fsync_that_fails_is_never_durable(void**) {
    TempDir dir;
    Open open(dir / "store");
    assert_fine(add_one(*open.store));
    failures().sync_fails = 1;
    std::promise<std::pair<Result<void>, bool>> promise;
    Event event = some_event();
    event.capture = "fedcba9876543210";
    const int64_t since = event.at_ms;
    std::unique_ptr<Job> job = std::make_unique<FunctionJob>([&](Tx& tx) { return tx.add_event(event); },
                                                             [&](const Result<void>& result, bool in_doubt) {
                                                                 promise.set_value({result, in_doubt});
                                                             });
    assert_true(open.store->writer().submit(job));
    const auto [result, in_doubt] = promise.get_future().get();
    assert_false(result.ok());
    assert_true(in_doubt);  // whoever writes it again must look for it first
    assert_false(open.store->writer().healthy());
    assert_true(eventually([&] { return open.store->writer().healthy(); }));
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        const Result<bool> there = tx.has_event(event.capture, 0, since);
        assert_fine(there);
        if (there.value()) return {};
        return tx.add_event(event);
    }));
    assert_int_equal(count(*open.reader), 2);
}

void a_lock_of_another_is_waited_for_in_bounds(void**) {
    TempDir dir;
    Open open(dir / "store", [](StoreOptions& options) { options.busy_ms = 300; });
    assert_fine(add_one(*open.store));
    sqlite3* other = nullptr;
    assert_int_equal(sqlite3_open((dir / "store/trotline.db").c_str(), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
    const auto start = std::chrono::steady_clock::now();
    const Result<void> outcome = add_one(*open.store);
    const auto took = std::chrono::steady_clock::now() - start;
    assert_false(outcome.ok());
    assert_true(took > std::chrono::milliseconds(250) && took < std::chrono::seconds(30));
    assert_false(open.store->writer().healthy());
    assert_int_equal(count(*open.reader), 1);  // readers go on
    assert_int_equal(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(other);
    assert_true(writes_again(*open.store));
    assert_int_equal(count(*open.reader), 2);
}

void a_store_locked_at_start_heals(void**) {
    TempDir dir;
    { Open make(dir / "store"); }
    sqlite3* other = nullptr;
    assert_int_equal(sqlite3_open((dir / "store/trotline.db").c_str(), &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT", nullptr, nullptr, nullptr),
        SQLITE_OK);
    Open open(dir / "store", [](StoreOptions& options) { options.busy_ms = 100; });
    assert_false(open.store->writer().healthy());
    assert_false(add_one(*open.store).ok());
    sqlite3_close(other);
    assert_true(writes_again(*open.store));
    assert_int_equal(count(*open.reader), 1);
}

}  // namespace

int main() {
    use_failing_vfs();
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_full_disk_is_told_and_ends),
        cmocka_unit_test(a_really_full_disk),
        cmocka_unit_test(a_file_size_limit_is_an_error_not_a_death),
        cmocka_unit_test(a_read_only_file_starts_sick_and_heals),
        cmocka_unit_test(an_fsync_that_fails_is_never_durable),
        cmocka_unit_test(a_lock_of_another_is_waited_for_in_bounds),
        cmocka_unit_test(a_store_locked_at_start_heals),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
