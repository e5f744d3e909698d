// The recorder over the real store: recorded, spilled, taken back exactly once, never lost in silence.
#include <sqlite3.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "capture/recorder.h"
#include "recorder_fixture.h"

using namespace trot;
using namespace trot_test;

namespace {

std::vector<Event> all_events(Store& store) {
    const std::unique_ptr<Reader> reader = std::move(store.reader()).value();
    std::vector<Event> out;
    while (true) {
        Result<std::vector<Event>> more = reader->events_after(out.empty() ? 0 : out.back().number, 5000);
        assert_fine(more);
        if (more.value().empty()) return out;
        for (Event& event : more.value()) out.push_back(std::move(event));
    }
}

void recorded_events(void**) {
    const TempDir dir;
    Open open(dir.path());
    Running running(open.store.get(), dir.path());
    for (int i = 1; i <= 300; ++i) assert_fine(running.submit(i));
    auto no = order(0);
    no->status = 500;
    assert_fine(running.recorder->submit(std::move(no), reinterpret_cast<void*>(9999)));
    assert_fine(running.recorder->submit(order(301), nullptr));  // nobody waits
    assert_true(eventually([&] { return running.count() == 301; }));
    assert_true(eventually([&] { return running.counters.recorded == 301; }));
    assert_true(running.once_each());
    assert_int_equal(running.count(Recorded::recorded), 301);
    assert_true(running.told[9999][0].events.empty());
    assert_string_equal(running.told[5][0].topics[0].c_str(), "order.created");
    const std::vector<Event> events = all_events(*open.store);
    assert_int_equal(events.size(), 301);
    std::set<int64_t> known;
    for (const Event& event : events) known.insert(event.number);
    for (int i = 1; i <= 300; ++i) assert_true(known.count(running.told[i][0].events.at(0)) == 1);
    assert_true(running.wakes > 0 && running.wakes <= static_cast<int>(open.counters.commits.load()));
    assert_int_equal(running.counters.captured, 302);
    assert_int_equal(running.counters.no_event, 1);
    assert_int_equal(running.counters.queue_bytes, 0);
    assert_int_equal(running.counters.queue_count, 0);
    running.recorder->stop(1000);
    assert_true(running.submit(1).fault().code == Code::stopped);
    assert_false(running.recorder->ready());
}

void a_locked_store_spills_and_heals(void**) {
    const TempDir dir;
    Open open(dir.path(), [](StoreOptions& options) { options.busy_ms = 300; });
    Running running(open.store.get(), dir.path());
    assert_fine(running.submit(1));
    assert_true(eventually([&] { return running.count() == 1; }));

    sqlite3* other = nullptr;
    assert_int_equal(sqlite3_open((dir / "trotline.db").c_str(), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
    const int64_t start = system_clock().steady_us();
    for (int i = 2; i <= 11; ++i) assert_fine(running.submit(i));
    assert_true(eventually([&] { return running.count() == 11; }));
    assert_true(system_clock().steady_us() - start < 3000000);  // busy_ms, and room for a slow machine
    assert_int_equal(running.count(Recorded::spilled), 10);
    // While the store is known to be sick nobody waits for its lock.
    const int64_t second = system_clock().steady_us();
    for (int i = 12; i <= 21; ++i) assert_fine(running.submit(i));
    assert_true(eventually([&] { return running.count() == 21; }));
    assert_true(system_clock().steady_us() - second < 3000000);
    assert_true(running.recorder->ready());
    assert_false(running.recorder->healthy());
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(other);
    assert_true(eventually([&] { return running.counters.replayed == 20; }, 20000));
    assert_string_equal(ids_of(all_events(*open.store)).c_str(),
                        "1 2+ 3+ 4+ 5+ 6+ 7+ 8+ 9+ 10+ 11+ 12+ 13+ 14+ 15+ 16+ 17+ 18+ 19+ 20+ 21+ ");
    assert_true(eventually(
        [&] { return strstr(drained(running.log).c_str(), "all spilled exchanges are taken back") != nullptr; }));
    running.recorder->stop(1000);
    assert_int_equal(running.counters.dropped, 0);
    assert_true(running.once_each());
}

void without_a_store_and_a_crash_after_the_replay(void**) {
    const TempDir dir;
    {
        Running running(nullptr, dir.path());
        for (int i = 1; i <= 5; ++i) assert_fine(running.submit(i));
        assert_true(eventually([&] { return running.count(Recorded::spilled) == 5; }));
        assert_false(running.recorder->healthy());
        assert_true(running.recorder->ready());
    }
    std::filesystem::copy(dir / "spill.log", dir / "copy");
    Open open(dir.path());
    {
        Running running(open.store.get(), dir.path());
        assert_true(eventually([&] { return running.counters.replayed == 5; }));
        running.recorder->stop(1000);
    }
    // As if the process had died between the commit and the note that the records are consumed.
    std::filesystem::copy(dir / "copy", dir / "spill.log", std::filesystem::copy_options::overwrite_existing);
    {
        Running running(open.store.get(), dir.path());
        assert_true(eventually([&] { return running.counters.replayed == 5; }));
        assert_fine(running.submit(6));
        assert_true(eventually([&] { return running.count(Recorded::recorded) == 1; }));
    }
    assert_string_equal(ids_of(all_events(*open.store)).c_str(), "1+ 2+ 3+ 4+ 5+ 6 ");
}

void a_full_disk_uses_the_reserve(void**) {
    const TempDir dir;
    if (geteuid() != 0 || mount("none", dir.path().c_str(), "tmpfs", 0, "size=24m") != 0) skip();
    {
        Open open(dir.path(), [](StoreOptions& options) { options.busy_ms = 200; });
        Running running(open.store.get(), dir.path(),
                        [](RecorderOptions& options) { options.spill_reserve = 512 << 10; });
        std::ofstream filler(dir / "filler", std::ios::binary);
        const std::string block(4096, 'f');
        while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
        }
        filler.close();
        int last = 0;
        while (running.count(Recorded::spilled) < 50 && last < 2000) {
            assert_fine(running.submit(++last));
            const size_t want = static_cast<size_t>(last);
            assert_true(eventually([&] { return running.count() == want; }));
        }
        assert_true(running.count(Recorded::spilled) >= 50);
        // Beyond the reserve nothing can be promised: they wait in memory.
        int more = last;
        while (running.recorder->ready() && more < last + 1000) assert_fine(running.submit(++more, 4000));
        assert_int_equal(unlink((dir / "filler").c_str()), 0);
        const size_t all = static_cast<size_t>(more);
        assert_true(eventually([&] { return running.count() == all && running.counters.recorded == all; }, 30000));
        assert_true(running.once_each());
        std::set<std::string> ids;
        for (const Event& event : all_events(*open.store)) ids.insert(event.resource_id);
        assert_int_equal(ids.size(), all);
        running.recorder->stop(1000);
        assert_int_equal(running.counters.dropped, 0);
    }
    assert_int_equal(umount(dir.path().c_str()), 0);
}

void nowhere_to_go(void**) {
    const TempDir dir;
    Running running(nullptr, dir / "missing/deeper", [](RecorderOptions& options) { options.queue_bytes = 20000; });
    assert_false(running.recorder->ready());
    int taken = 0;
    while (running.submit(taken + 1).ok()) ++taken;
    assert_true(taken >= 5 && taken < 20);  // bounded by the budget
    assert_true(running.submit(100).fault().code == Code::full);
    assert_int_equal(running.count(), 0);
    running.recorder->stop(100);
    assert_int_equal(running.count(Recorded::lost), taken);
    assert_true(running.once_each());
    assert_int_equal(running.counters.dropped, taken);
    assert_non_null(strstr(drained(running.log).c_str(), "lost: POST /orders/1 was answered 201"));
}

void many_threads(void**) {
    const TempDir dir;
    Open open(dir.path());
    Running running(open.store.get(), dir.path(), [](RecorderOptions& options) { options.queue_bytes = 1 << 20; });
    std::vector<std::thread> threads;
    std::atomic<int> taken{0};
    for (int t = 0; t < 8; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 1; i <= 200; ++i) {
                while (true) {
                    const Result<void> done = running.submit(t * 1000 + i);
                    if (done.ok()) break;
                    if (done.fault().code == Code::stopped) return;
                    std::this_thread::yield();
                }
                ++taken;
            }
        });
    }
    assert_true(eventually([&] { return running.count() > 500; }, 30000));
    running.recorder->stop(20000);
    for (std::thread& thread : threads) thread.join();
    assert_int_equal(running.count(), taken.load());
    assert_true(running.once_each());
    assert_int_equal(running.count(Recorded::lost), 0);
    assert_int_equal(all_events(*open.store).size(), running.count(Recorded::recorded));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(recorded_events),
        cmocka_unit_test(a_locked_store_spills_and_heals),
        cmocka_unit_test(without_a_store_and_a_crash_after_the_replay),
        cmocka_unit_test(a_full_disk_uses_the_reserve),
        cmocka_unit_test(nowhere_to_go),
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
