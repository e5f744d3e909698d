// Subscriptions that APIs make outlive a step of the schema and a broken file.
#include "store/connect.h"
#include "store/migrate.h"
#include "store/salvage.h"
#include "store/schema.h"
#include "tests/unit/store/managed_fixture.h"

namespace {

using namespace trot_test;

// A file of version 1 with rows in every table.
void make_version_1(const std::string& path) {
    Db db;
    assert_int_equal(db.open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE), SQLITE_OK);
    assert_fine(migrate(db, Migrations{schema_v1()}));
    const char* rows =
        "INSERT INTO events VALUES "
        "(11,'order.created','order','7','created','h',1,0,'POST','/orders',201,x'00',0,'{}',NULL);"
        "INSERT INTO events VALUES "
        "(12,'order.updated','order','7','updated','h',2,0,'PUT','/orders/7',200,x'01',0,'{}','{}');"
        "INSERT INTO subscriptions VALUES (3,'file','warehouse','https://w','*','standard',0,'',0,1,1);"
        "INSERT INTO deliveries VALUES (21,11,3,'standard',0,5,1,500,'status',0);"
        "INSERT INTO attempts VALUES (21,1,4,9,500,'status','no');"
        "INSERT INTO jobs VALUES (1,'j',0,1,'POST','/p','x'); INSERT INTO snapshots VALUES (1,'s',1,'{}');"
        "UPDATE meta SET value = 11 WHERE key = 'cursor'; UPDATE meta SET value = 2 WHERE key = 'events';";
    assert_int_equal(db.exec(rows), SQLITE_OK);
}

void is_as_it_was(Open& open) {
    const auto due = open.reader->due(3, 1000, 0, 0, 10);
    assert_fine(due);
    assert_int_equal(due.value().size(), 1);
    assert_true(due.value()[0].number == 21 && due.value()[0].event == 11 && !due.value()[0].logged);
    Filter filter;
    filter.delivery = 21;
    const auto attempts = open.reader->list_attempts(filter);
    assert_fine(attempts);
    assert_true(attempts.value().size() == 1 && attempts.value()[0].answer == "no" && attempts.value()[0].head.empty());
    const Event event = open.reader->event(12).value();
    assert_true(event.topic == "order.updated" && event.previous && !event.context);
    const auto files = open.reader->subscriptions();
    assert_fine(files);
    assert_true(files.value().size() == 1 && files.value()[0].name == "warehouse" && files.value()[0].filter.empty());
    assert_int_equal(generation(*open.reader), 0);
    assert_true(open.reader->managed_after(0).value().empty());
    // And what is new works beside it.
    assert_string_equal(added(*open.store, some_managed("shop")).row.name.c_str(), "1");
    assert_int_equal(open.reader->list_managed(of_api("shop")).value().total, 1);
    CallQuery calls;
    calls.api = "shop";
    assert_int_equal(open.reader->list_calls(calls).value().total, 0);
}

void a_file_of_version_1_is_taken_along(void**) {
    TempDir dir;
    std::filesystem::create_directory(dir / "store");
    make_version_1(dir / "store/trotline.db");
    Open open(dir / "store");
    assert_int_equal(open.reader->status().value().schema_version, 3);
    is_as_it_was(open);
    assert_int_equal(open.reader->status().value().events, 2);
}

void a_broken_file_of_version_1_is_carried_over(void**) {
    TempDir dir;
    make_version_1(dir / "old.db");
    Db from;
    assert_int_equal(from.open(dir / "old.db", SQLITE_OPEN_READWRITE), SQLITE_OK);
    std::filesystem::create_directory(dir / "store");
    assert_fine(salvage_into_new(from, dir / "store/trotline.db"));
    Open open(dir / "store");
    is_as_it_was(open);
}

void it_is_carried_out_of_a_broken_file(void**) {
    TempDir dir;
    ManagedRow kept;
    int64_t delivery = 0;
    {
        Open open(dir / "store");
        kept = added(*open.store, some_managed("shop"));
        const ManagedRow gone = added(*open.store, some_managed("shop"));
        assert_fine(removed(*open.store, gone.row.number));
        added(*open.store, some_managed("other", "chosen"));
        delivery = delivered(*open.store, kept.row.number).number;
        assert_fine(changed(*open.store, kept));
    }
    Db from;
    assert_int_equal(from.open(dir / "store/trotline.db", SQLITE_OPEN_READWRITE), SQLITE_OK);
    const auto saved = salvage_into_new(from, dir / "new.db");
    assert_fine(saved);
    assert_true(saved.value().gaps == 0 && saved.value().subscriptions == 3);
    std::filesystem::create_directory(dir / "other");
    std::filesystem::rename(dir / "new.db", dir / "other/trotline.db");
    Open open(dir / "other");
    same(kept, open.reader->managed("shop", "1").value());
    assert_true(open.reader->managed("other", "chosen").ok());
    assert_int_equal(generation(*open.reader), 5);
    assert_int_equal(open.reader->managed_after(0).value().size(), 3);
    CallQuery calls;
    calls.api = "shop";
    const CallPage page = open.reader->list_calls(calls).value();
    assert_true(page.total == 1 && page.calls[0].delivery.number == delivery && page.calls[0].delivery.logged);
    assert_string_equal(added(*open.store, some_managed("shop")).row.name.c_str(), "3");
    assert_int_equal(generation(*open.reader), 6);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_version_1_is_taken_along),
        cmocka_unit_test(a_broken_file_of_version_1_is_carried_over),
        cmocka_unit_test(it_is_carried_out_of_a_broken_file),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
