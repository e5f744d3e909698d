// The disk and the file fail: nothing counts as recorded that is not, nothing crashes or loops, and the store comes
// back by itself.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "tests/unit/store/failing_vfs.h"
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot_test;

Result<void> add_one(Store& store, int64_t* number = nullptr) {
    return write_now(store, [number](Tx& tx) -> Result<void> {
        Event event = some_event();
        Result<void> added = tx.add_event(event);
        if (number != nullptr) *number = event.number;
        return added;
    });
}

size_t count(Reader& reader) {
    const auto events = reader.events_after(0, 100000);
    assert_fine(events);
    return events.value().size();
}

bool writes_again(Store& store) {
    return eventually([&] { return store.writer().healthy(); }) && add_one(store).ok();
}

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

// A pending delivery, a dead one and an event that is not expanded; returns their events.
std::vector<int64_t> owe(Store& store) {
    std::vector<int64_t> events;
    assert_fine(write_now(store, [&](Tx& tx) -> Result<void> {
        SubscriptionRow row;
        row.origin = "file";
        row.name = "warehouse";
        assert_fine(tx.put_subscription(row));
        for (int at = 0; at < 3; ++at) {
            Event event = some_event();
            assert_fine(tx.add_event(event));
            events.push_back(event.number);
            Delivery delivery;
            delivery.event = event.number;
            delivery.subscription = row.number;
            delivery.due_ms = 5;
            assert_fine(tx.add_delivery(delivery));
            Outcome outcome;
            outcome.attempt = {delivery.number, 1, 1, 1, 500, "", "no"};
            outcome.due_ms = 5;
            outcome.state = at == 0 ? DeliveryState::delivered : at == 1 ? DeliveryState::dead : DeliveryState::pending;
            assert_fine(tx.finish(outcome));
            assert_fine(tx.set_cursor(event.number));
        }
        Event event = some_event();
        assert_fine(tx.add_event(event));
        events.push_back(event.number);
        return {};
    }));
    return events;
}

void is_still_owed(Reader& reader, const std::vector<int64_t>& events) {
    assert_true(reader.event(events[1]).ok());
    assert_true(reader.event(events[2]).ok());
    assert_int_equal(reader.cursor().value(), events[2]);
    const auto fresh = reader.events_after(events[2], 10);
    assert_fine(fresh);
    assert_true(!fresh.value().empty());
    assert_int_equal(fresh.value()[0].number, events[3]);
    const auto subscriptions = reader.list_subscriptions();
    assert_fine(subscriptions);
    assert_int_equal(subscriptions.value().size(), 1);
    assert_int_equal(subscriptions.value()[0].pending, 1);
    assert_int_equal(subscriptions.value()[0].dead, 1);
    const auto due = reader.due(subscriptions.value()[0].row.number, 100, 0, 0, 10);
    assert_fine(due);
    assert_int_equal(due.value().size(), 1);
    Filter filter;
    filter.delivery = due.value()[0].number;
    assert_int_equal(reader.list_attempts(filter).value().size(), 1);
}

void a_deleted_file_is_noticed_and_carried_over(void**) {
    TempDir dir;
    Open open(dir / "store");
    const std::vector<int64_t> events = owe(*open.store);
    for (const char* name : {"store/trotline.db", "store/trotline.db-wal", "store/trotline.db-shm"})
        assert_int_equal(unlink((dir / name).c_str()), 0);
    assert_true(eventually([&] { return access((dir / "store/trotline.db").c_str(), F_OK) == 0; }));
    assert_true(eventually([&] { return open.reader->cursor().ok() && open.reader->cursor().value() == events[2]; }));
    is_still_owed(*open.reader, events);
    assert_fine(add_one(*open.store));
    assert_non_null(strstr(drained(open.log).c_str(), "was deleted while in use"));
    assert_true(open.store->writer().healthy());
}

void a_replaced_file_is_used_and_owes_nothing_less(void**) {
    TempDir dir;
    { Open make(dir / "other"); }
    Open open(dir / "store");
    const std::vector<int64_t> events = owe(*open.store);
    assert_int_equal(rename((dir / "other/trotline.db").c_str(), (dir / "store/trotline.db").c_str()), 0);
    int64_t number = 0;
    assert_fine(add_one(*open.store, &number));  // the very next write notices
    assert_true(number > events[3]);
    is_still_owed(*open.reader, events);
    assert_non_null(strstr(drained(open.log).c_str(), "was replaced while in use"));
}

void a_deleted_wal_loses_nothing(void**) {
    TempDir dir;
    std::vector<int64_t> events;
    {
        Open open(dir / "store");
        events = owe(*open.store);
        assert_int_equal(unlink((dir / "store/trotline.db-wal").c_str()), 0);
        assert_fine(add_one(*open.store));
        is_still_owed(*open.reader, events);
        assert_non_null(strstr(drained(open.log).c_str(), "-wal was deleted or replaced"));
    }
    Open again(dir / "store");
    is_still_owed(*again.reader, events);
    assert_int_equal(count(*again.reader), 5);
}

void overwrite(const std::string& path, off_t at, size_t bytes) {
    const int fd = ::open(path.c_str(), O_WRONLY);
    assert_true(fd >= 0);
    std::string junk(bytes, '\0');
    unsigned seed = 12345;
    for (char& c : junk) c = static_cast<char>((seed = seed * 1103515245 + 12345) >> 16);
    assert_int_equal(pwrite(fd, junk.data(), junk.size(), at), junk.size());
    ::close(fd);
}

bool set_aside_in(const std::string& path) {
    for (const auto& entry : std::filesystem::directory_iterator(path))
        if (entry.path().filename().string().rfind("trotline.db.damaged-", 0) == 0) return true;
    return false;
}

void a_damaged_header_starts_a_new_file(void**) {
    TempDir dir;
    {
        Open make(dir / "store");
        owe(*make.store);
    }
    overwrite(dir / "store/trotline.db", 0, 4096);
    Open open(dir / "store");
    assert_true(open.store->writer().healthy());
    assert_true(set_aside_in(dir / "store"));
    assert_fine(add_one(*open.store));
    assert_non_null(strstr(drained(open.log).c_str(), "it is kept as"));
}

// Many events in a closed file, all pending; the page numbers of a table's leaves can then be overwritten.
std::vector<int64_t> fill(const std::string& path, int events) {
    std::vector<int64_t> numbers;
    Open make(path);
    assert_fine(write_now(*make.store, [&](Tx& tx) -> Result<void> {
        SubscriptionRow row;
        row.origin = "file";
        row.name = "warehouse";
        assert_fine(tx.put_subscription(row));
        for (int at = 0; at < events; ++at) {
            Event event = some_event("order.created", std::string(1000, 'p'));
            assert_fine(tx.add_event(event));
            numbers.push_back(event.number);
            Delivery delivery;
            delivery.event = event.number;
            delivery.subscription = row.number;
            assert_fine(tx.add_delivery(delivery));
        }
        return tx.set_cursor(numbers.back());
    }));
    return numbers;
}

off_t middle_leaf_of_events(const std::string& path) {
    sqlite3* db = nullptr;
    sqlite3_stmt* statement = nullptr;
    assert_int_equal(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT pageno FROM dbstat WHERE name = 'events' AND pagetype = 'leaf' "
                                        "ORDER BY path LIMIT 1 OFFSET 60",
                                        -1, &statement, nullptr),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    const off_t page = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return (page - 1) * 4096;
}

void a_damaged_page_costs_only_its_rows(void**) {
    TempDir dir;
    const std::vector<int64_t> numbers = fill(dir / "store", 600);
    const std::string file = dir / "store/trotline.db";
    overwrite(file, middle_leaf_of_events(file), 4096);
    Open open(dir / "store");  // sound at first sight; the full check beside the traffic finds it
    assert_true(eventually([&] { return set_aside_in(dir / "store"); }));
    assert_true(writes_again(*open.store));
    const size_t left = count(*open.reader);
    assert_true(left > 590 && left < 601);
    assert_true(open.reader->event(numbers.front()).ok());
    assert_true(open.reader->event(numbers.back()).ok());
    const auto lines = open.reader->list_subscriptions();
    assert_fine(lines);
    assert_true(lines.value()[0].dead > 0);  // deliveries whose event is lost can be seen
    assert_int_equal(lines.value()[0].dead + lines.value()[0].pending, 600);
    const std::string log = drained(open.log);
    assert_non_null(strstr(log.c_str(), "are lost (see the dead deliveries)"));
}

void damage_while_running_is_repaired(void**) {
    TempDir dir;
    const std::vector<int64_t> numbers = fill(dir / "store", 600);
    const std::string file = dir / "store/trotline.db";
    const off_t at = middle_leaf_of_events(file);
    Open open(dir / "store");
    assert_fine(add_one(*open.store));
    overwrite(file, at, 4096);
    Result<std::unique_ptr<Reader>> fresh = open.store->reader();
    assert_true(eventually([&] {  // a reader that meets the page reports it
        (void)fresh.value()->events_after(0, 100000);
        return set_aside_in(dir / "store");
    }));
    assert_true(writes_again(*open.store));
    assert_true(open.reader->event(numbers.back()).ok());
    assert_true(count(*open.reader) > 590);
}

void another_programs_database_is_refused(void**) {
    TempDir dir;
    assert_int_equal(mkdir((dir / "store").c_str(), 0700), 0);
    sqlite3* other = nullptr;
    assert_int_equal(sqlite3_open((dir / "store/trotline.db").c_str(), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE bookmarks (url TEXT)", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(other);
    StoreOptions options;
    options.path = dir / "store";
    const Result<std::unique_ptr<Store>> opened = open_store(options);
    assert_false(opened.ok());
    assert_non_null(strstr(opened.fault().text.c_str(), "another program"));
    assert_false(set_aside_in(dir / "store"));
    options.path = dir / "store/trotline.db";
    assert_false(open_store(options).ok());
    options.path = "/proc/none/store";
    assert_false(open_store(options).ok());
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
        cmocka_unit_test(a_deleted_file_is_noticed_and_carried_over),
        cmocka_unit_test(a_replaced_file_is_used_and_owes_nothing_less),
        cmocka_unit_test(a_deleted_wal_loses_nothing),
        cmocka_unit_test(a_damaged_header_starts_a_new_file),
        cmocka_unit_test(a_damaged_page_costs_only_its_rows),
        cmocka_unit_test(damage_while_running_is_repaired),
        cmocka_unit_test(another_programs_database_is_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
