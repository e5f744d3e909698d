// The recorder when the writer hangs, one exchange is refused by a healthy store, commits end unknown, and memory runs
// out.
#include <cstdlib>
#include <new>

#include "capture/recorder.h"
#include "fake_store.h"
#include "recorder_fixture.h"

namespace {

// The n-th allocation of an armed thread fails. Only threads of ours are armed: what the fixture does must not fail.
thread_local int allocations_left = -1;

}  // namespace

void* operator new(std::size_t size) {
    if (allocations_left > 0 && --allocations_left == 0) throw std::bad_alloc();
    if (void* at = std::malloc(size)) return at;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return allocations_left > 0 && --allocations_left == 0 ? nullptr : std::malloc(size);
}
// Not inlined: the compiler would see free() on what it thinks another operator new gave.
__attribute__((noinline)) void operator delete(void* at) noexcept { std::free(at); }
__attribute__((noinline)) void operator delete(void* at, std::size_t) noexcept { std::free(at); }

using namespace trot;
using namespace trot_test;

namespace {

void a_poison_exchange_is_set_aside(void**) {
    const TempDir dir;
    FakeStore store;
    store.refuse = [](const Event& event) -> Result<void> {
        if (event.resource_id == "13") return Fault{Code::internal, "poison"};
        return {};
    };
    Running running(&store, dir.path());
    for (int i = 10; i <= 20; ++i) assert_fine(running.submit(i));
    assert_true(eventually([&] { return running.count() == 11; }));
    assert_int_equal(running.count(Recorded::spilled), 1);
    assert_true(eventually([&] { return running.counters.damaged == 1; }));
    assert_true(std::filesystem::exists(dir / "spill.rejected"));
    assert_non_null(strstr(drained(running.log).c_str(), "POST /orders/13: poison"));
    assert_fine(running.submit(21));
    assert_true(eventually([&] { return running.count() == 12; }));
    running.recorder->stop(1000);
    assert_string_equal(ids_of(store.events()).c_str(), "10 11 12 14 15 16 17 18 19 20 21 ");
}

void poison_among_the_spilled(void**) {
    const TempDir dir;
    FakeStore store;
    store.refuse = [](const Event& event) -> Result<void> {
        if (event.resource_id == "13") return Fault{Code::internal, "poison"};
        return {};
    };
    store.sick = true;
    Running running(&store, dir.path());
    for (int i = 10; i <= 20; ++i) assert_fine(running.submit(i));
    assert_true(eventually([&] { return running.count(Recorded::spilled) == 11; }));
    store.sick = false;
    assert_true(eventually([&] { return running.counters.replayed == 10; }));
    running.recorder->stop(1000);
    assert_string_equal(ids_of(store.events()).c_str(), "10+ 11+ 12+ 14+ 15+ 16+ 17+ 18+ 19+ 20+ ");
    assert_int_equal(running.counters.damaged, 1);
}

void a_hanging_writer_at_stop(void**) {
    const TempDir dir;
    FakeStore store;
    Running running(&store, dir.path());
    store.hang = true;
    for (int i = 1; i <= 5; ++i) assert_fine(running.submit(i));
    running.recorder->stop(200);
    assert_int_equal(running.count(Recorded::spilled), 5);
    assert_true(running.once_each());
    running.recorder.reset();
    store.go_on();  // late jobs find their exchanges gone
    store.stop(0);
    assert_int_equal(store.events().size(), 0);
    assert_true(running.once_each());
    FakeStore next;
    Running heir(&next, dir.path());
    assert_true(eventually([&] { return heir.counters.replayed == 5; }));
    assert_string_equal(ids_of(next.events()).c_str(), "1+ 2+ 3+ 4+ 5+ ");
}

void the_dispatcher_is_woken_once_a_group(void**) {
    const TempDir dir;
    Open open(dir.path());
    std::promise<void> gate;
    std::shared_future<void> opened = gate.get_future().share();
    std::future<Result<void>> first = submit(open.store->writer(), [opened](Tx&) -> Result<void> {
        opened.wait();
        return {};
    });
    Running running(open.store.get(), dir.path());
    for (int i = 1; i <= 100; ++i) assert_fine(running.submit(i));
    gate.set_value();
    // The last one is told just before the dispatcher is woken; one that stops wakes nobody.
    assert_true(eventually([&] { return running.count() == 100 && running.wakes >= 1; }));
    running.recorder->stop(1000);
    assert_true(running.wakes <= 2);
}

// The fixture's own callback must not fail: it says what it may not do to the recorder.
void calm_callback(RecorderOptions& options) {
    options.done = [told = std::move(options.done)](RecordDone done) {
        const int left = allocations_left;
        allocations_left = -1;
        told(std::move(done));
        allocations_left = left;
    };
}

// Fails the n-th allocation of submit(), then of the writer's jobs: each exchange is recorded, spilled or refused, none
// is lost.
void memory_runs_out(void**) {
    const TempDir dir;
    FakeStore store;
    std::atomic<int> fail_in_job{-1};
    store.before_job = [&] { allocations_left = fail_in_job; };
    store.after_job = [] { allocations_left = -1; };
    Running running(&store, dir.path(), calm_callback);
    int number = 0;
    int taken = 0;
    for (int nth = 1; nth <= 60; ++nth) {
        ExchangePtr exchange = order(++number);
        allocations_left = nth;
        const Result<void> submitted =
            running.recorder->submit(std::move(exchange), reinterpret_cast<void*>(static_cast<intptr_t>(number)));
        allocations_left = -1;
        if (submitted.ok())
            ++taken;
        else
            assert_true(submitted.fault().code == Code::no_memory);
    }
    assert_true(taken > 30);
    assert_true(eventually([&] { return running.count() == static_cast<size_t>(taken); }));
    for (int n = 1; n <= 80; ++n) {
        fail_in_job = n;
        assert_fine(running.submit(++number));
        ++taken;
        assert_true(eventually([&] { return running.count() == static_cast<size_t>(taken); }));
    }
    fail_in_job = -1;
    assert_true(eventually([&] { return store.events().size() == static_cast<size_t>(taken); }, 30000));
    running.recorder->stop(5000);
    assert_true(running.once_each());
    assert_int_equal(running.count(Recorded::lost), 0);
    assert_int_equal(running.counters.dropped, 0);
}

// A clock that arms the spill thread's allocations: every step of spilling and taking back fails once.
class ArmingClock : public Clock {
  public:
    mutable std::atomic<int> nth{-1};
    int64_t wall_ms() const override { return system_clock().wall_ms(); }
    int64_t steady_us() const override {
        const int want = nth.exchange(-1);
        if (want > 0) allocations_left = want;
        return system_clock().steady_us();
    }
};

void memory_runs_out_in_the_spill_thread(void**) {
    const TempDir dir;
    ArmingClock clock;
    FakeStore store;
    Running running(&store, dir.path(), [&](RecorderOptions& options) {
        options.clock = &clock;
        calm_callback(options);
    });
    int number = 0;
    for (int n = 1; n <= 40; ++n) {
        store.sick = true;
        clock.nth = n;
        assert_fine(running.submit(++number));
        const auto all = static_cast<size_t>(number);
        assert_true(eventually([&] { return running.count() == all; }));
        clock.nth = n;
        store.sick = false;
        assert_true(eventually([&] { return store.events().size() == all; }));
    }
    clock.nth = -1;
    running.recorder->stop(5000);
    assert_true(running.once_each());
    assert_int_equal(running.count(Recorded::lost), 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_poison_exchange_is_set_aside),
        cmocka_unit_test(poison_among_the_spilled),
        cmocka_unit_test(a_hanging_writer_at_stop),
        cmocka_unit_test(the_dispatcher_is_woken_once_a_group),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(memory_runs_out_in_the_spill_thread),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
