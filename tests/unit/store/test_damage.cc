// The file is gone, replaced or damaged: what can be read is carried over, what is owed stays owed, and a file of
// another program is not touched.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "tests/unit/store/one_event.h"

namespace {

using namespace trot_test;

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
    const CMUnitTest tests[] = {
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
