// The file itself: versions, plans of the queries, what an operator sees with sqlite3, and several processes on one
// file.
#include <sqlite3.h>
#include <sys/wait.h>

#include <algorithm>
#include <set>

#include "crypto/ids.h"
#include "store/connect.h"
#include "store/lock_file.h"
#include "store/migrate.h"
#include "store/queries.h"
#include "store/schema.h"
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot_test;

Db open_db(const std::string& path) {
    Db db;
    assert_int_equal(db.open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE), SQLITE_OK);
    return db;
}

int64_t number(Db& db, const char* sql) {
    int64_t value = -1;
    assert_int_equal(db.number(sql, value), SQLITE_OK);
    return value;
}

void migration_goes_forward(void**) {
    TempDir dir;
    Db db = open_db(dir / "a.db");
    assert_int_equal(migrations().size(), schema_version);
    assert_fine(migrate(db, migrations()));
    assert_int_equal(number(db, "PRAGMA user_version"), schema_version);
    assert_int_equal(number(db, "PRAGMA application_id"), application_id);
    assert_int_equal(db.exec("INSERT INTO meta VALUES ('mine', 42)"), SQLITE_OK);
    assert_fine(migrate(db, migrations()));  // nothing to do

    Migrations more = migrations();
    more.emplace_back("CREATE TABLE extra (a); INSERT INTO extra VALUES (7)");
    more.emplace_back("ALTER TABLE extra ADD COLUMN b DEFAULT 8");
    assert_fine(migrate(db, more));
    assert_int_equal(number(db, "PRAGMA user_version"), schema_version + 2);
    assert_int_equal(number(db, "SELECT value FROM meta WHERE key = 'schema_version'"), schema_version + 2);
    assert_int_equal(number(db, "SELECT a + b FROM extra"), 15);
    assert_int_equal(number(db, "SELECT value FROM meta WHERE key = 'mine'"), 42);

    const Result<void> newer = migrate(db, migrations());  // the old program on the new file
    assert_false(newer.ok());
    assert_non_null(strstr(newer.fault().text.c_str(), "newer Trotline"));
}

void a_step_that_fails_changes_nothing(void**) {
    TempDir dir;
    Db db = open_db(dir / "a.db");
    assert_fine(migrate(db, migrations()));
    Migrations more = migrations();
    more.emplace_back("CREATE TABLE extra (a)");
    more.emplace_back("CREATE TABLE extra (a)");
    assert_false(migrate(db, more).ok());
    assert_int_equal(number(db, "PRAGMA user_version"), schema_version);
    assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'"), 0);
}

void a_newer_file_is_refused_and_kept(void**) {
    TempDir dir;
    { Open make(dir / "store"); }
    {
        Db db = open_db(dir / "store/trotline.db");
        Migrations more = migrations();
        more.emplace_back("CREATE TABLE extra (a)");
        assert_fine(migrate(db, more));
    }
    StoreOptions options;
    options.path = dir / "store";
    const Result<std::unique_ptr<Store>> opened = open_store(options);
    assert_false(opened.ok());
    assert_non_null(strstr(opened.fault().text.c_str(), "newer Trotline"));
    Db db = open_db(dir / "store/trotline.db");
    assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'"), 1);
}

std::string plan_of(Db& db, const std::string& sql) {
    Stmt statement;
    assert_int_equal(statement.prepare(db, "EXPLAIN QUERY PLAN " + sql), SQLITE_OK);
    std::string plan;
    while (statement.step() == SQLITE_ROW) plan += std::string(statement.text(3)) + "; ";
    return plan;
}

void queries_use_their_index(void**) {
    TempDir dir;
    Db db = open_db(dir / "a.db");
    assert_fine(migrate(db, migrations()));
    const auto expect = [&](const std::string& sql, const char* step) {
        const std::string plan = plan_of(db, sql);
        if (plan.find(step) == std::string::npos || plan.find("TEMP B-TREE") != std::string::npos)
            fail_msg("%s\n  plan: %s\n  wanted: %s", sql.c_str(), plan.c_str(), step);
    };
    expect(sql_due, "SEARCH d USING INDEX deliveries_open (state=? AND subscription=? AND due_ms=? AND rowid>?)");
    expect(sql_due, "SEARCH d USING INDEX deliveries_open (state=? AND subscription=? AND due_ms>? AND due_ms<?)");
    expect(sql_next_due, "SEARCH deliveries USING COVERING INDEX deliveries_open (state=? AND subscription=?)");
    expect(sql_members, "SEARCH d USING INDEX deliveries_batch (batch=?)");
    expect(sql_gathering, "SEARCH deliveries USING INDEX deliveries_gathering (subscription>?)");
    expect(sql_next_lane, "SEARCH deliveries USING INDEX deliveries_lane");
    expect(sql_lane_head, "SEARCH deliveries USING INDEX deliveries_lane (subscription=? AND lane=?)");
    expect("SELECT count(*) FROM deliveries WHERE state = 4", "deliveries_gathering");
    expect(sql_events_after, "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)");
    expect(sql_event, "SEARCH events USING INTEGER PRIMARY KEY (rowid=?)");
    expect("SELECT count(*) FROM deliveries WHERE state = 0", "deliveries_open (state=?)");
    expect("DELETE FROM deliveries WHERE event = ?", "SEARCH deliveries USING INDEX deliveries_event (event=?)");
    const auto list = [&](const Result<ListQuery>& query, const char* step) {
        assert_fine(query);
        expect(query.value().sql, step);
    };
    Filter filter;
    list(events_query(filter), "SCAN events");
    list(deliveries_query(filter), "SCAN d");
    filter.after = 1;
    list(events_query(filter), "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)");
    list(deliveries_query(filter), "SEARCH d USING INTEGER PRIMARY KEY (rowid>?)");
    filter = Filter{};
    filter.state = "dead";
    assert_fine(deliveries_query(filter));  // sorted afterwards: the dead are few
    assert_non_null(strstr(plan_of(db, deliveries_query(filter).value().sql).c_str(), "deliveries_open (state=?)"));
    filter.state = "pending";
    list(deliveries_query(filter), "SCAN d");
    filter.event = 1;
    list(deliveries_query(filter), "SEARCH d USING INDEX deliveries_event (event=?)");
    filter = Filter{};
    filter.delivery = 1;
    list(attempts_query(filter), "SEARCH attempts USING PRIMARY KEY (delivery=?)");
}

void an_operator_can_read_it(void**) {
    TempDir dir;
    Event event = some_event();
    {
        Open open(dir / "store");
        assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
            SubscriptionRow row;
            row.origin = "file";
            row.name = "warehouse";
            assert_fine(tx.put_subscription(row));
            assert_fine(tx.add_event(event));
            Delivery delivery;
            delivery.event = event.number;
            delivery.subscription = row.number;
            return tx.add_delivery(delivery);
        }));
    }
    Db db = open_db(dir / "store/trotline.db");
    Stmt statement;
    assert_int_equal(statement.prepare(db, "SELECT event, subscription, state FROM v_deliveries"), SQLITE_OK);
    assert_int_equal(statement.step(), SQLITE_ROW);
    assert_true(statement.text(0) == spell_id(event_prefix, event.number));
    assert_true(statement.text(1) == "warehouse");
    assert_true(statement.text(2) == "pending");
    assert_int_equal(statement.prepare(db, "SELECT id, at, payload FROM v_events"), SQLITE_OK);
    assert_int_equal(statement.step(), SQLITE_ROW);
    assert_true(statement.text(0) == spell_id(event_prefix, event.number));
    assert_true(statement.text(1) == rfc3339(event.at_ms));
    assert_true(statement.text(2) == "{\"id\":1}");
}

// Each child writes events one by one; the numbers that its writer gave go to a file of its own, in the order of its
// commits.
void processes_share_one_file(void**) {
    TempDir dir;
    { Open make(dir / "store"); }
    constexpr int processes = 3;
    constexpr int each = 200;
    std::vector<pid_t> children;
    for (int process = 0; process < processes; ++process) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            bool fine = true;
            {
                StoreOptions options;
                options.path = dir / "store";
                options.busy_ms = 60000;
                Result<std::unique_ptr<Store>> store = open_store(options);
                fine = store.ok();
                int64_t last = 0;
                for (int at = 0; fine && at < each; ++at) {
                    int64_t given = 0;
                    fine = write_now(*store.value(), [&](Tx& tx) -> Result<void> {
                               Event event = some_event();
                               event.item = static_cast<uint32_t>(process * each + at);
                               Result<void> added = tx.add_event(event);
                               given = event.number;
                               return added;
                           }).ok();
                    fine = fine && given > last;
                    last = given;
                }
            }
            _exit(fine ? 0 : 1);
        }
        children.push_back(child);
    }
    // A reader follows by a cursor while they write: it must see each event exactly once, so a number never appears
    // below it.
    Result<std::unique_ptr<Reader>> reader = open_reader(dir / "store");
    assert_fine(reader);
    std::set<uint32_t> seen;
    int64_t cursor = 0;
    assert_true(eventually(
        [&] {
            const auto events = reader.value()->events_after(cursor, 50);
            assert_fine(events);
            for (const Event& event : events.value()) {
                assert_true(seen.insert(event.item).second);
                cursor = event.number;
            }
            return seen.size() == processes * each;
        },
        60000));
    for (const pid_t child : children) {
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    Filter filter;
    filter.limit = 10000;
    assert_int_equal(reader.value()->list_events(filter).value().size(), processes * each);
}

void the_lock_file_is_bounded(void**) {
    TempDir dir;
    LockFile one;
    LockFile two;
    int error = 0;
    assert_fine(one.open(dir / "writer.lock", error));
    assert_fine(two.open(dir / "writer.lock", error));
    assert_fine(one.acquire(0, nullptr));
    const Result<void> late = two.acquire(50, nullptr);
    assert_false(late.ok());
    assert_int_equal(static_cast<int>(late.fault().code), static_cast<int>(Code::late));
    assert_false(two.acquire(60000, [] { return true; }).ok());  // told to give up
    one.release();
    assert_fine(two.acquire(0, nullptr));
    LockFile three;
    assert_false(three.open(dir / "none/writer.lock", error).ok());
    assert_int_equal(error, ENOENT);
}

void leftovers_of_a_crash_are_taken_up(void**) {
    TempDir dir;
    { Open make(dir / "store"); }
    // The repair had made its file, and the process died before the last rename.
    assert_int_equal(rename((dir / "store/trotline.db").c_str(), (dir / "store/trotline.db.salvage").c_str()), 0);
    {
        Open open(dir / "store");
        assert_int_equal(access((dir / "store/trotline.db.salvage").c_str(), F_OK), -1);
        assert_non_null(strstr(drained(open.log).c_str(), "interrupted repair"));
    }
    // A -wal whose database is gone is kept, not applied to a new one and not deleted.
    std::filesystem::remove(dir / "store/trotline.db");
    FILE* wal = fopen((dir / "store/trotline.db-wal").c_str(), "we");
    fputs("frames", wal);
    fclose(wal);
    Open open(dir / "store");
    assert_non_null(strstr(drained(open.log).c_str(), "without its database"));
    bool kept = false;
    for (const auto& entry : std::filesystem::directory_iterator(dir / "store"))
        kept = kept || entry.path().filename().string().find(".orphan-") != std::string::npos;
    assert_true(kept);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(processes_share_one_file),  // first: forks before any thread
        cmocka_unit_test(migration_goes_forward),
        cmocka_unit_test(a_step_that_fails_changes_nothing),
        cmocka_unit_test(a_newer_file_is_refused_and_kept),
        cmocka_unit_test(queries_use_their_index),
        cmocka_unit_test(an_operator_can_read_it),
        cmocka_unit_test(the_lock_file_is_bounded),
        cmocka_unit_test(leftovers_of_a_crash_are_taken_up),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
