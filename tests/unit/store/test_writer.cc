// The writer's groups and its end: a bad job fails alone, and a stop runs what waits.
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot_test;

void a_bad_job_fails_alone(void**) {
    TempDir dir;
    Open open(dir / "store");
    // The first job keeps the writer busy until all the others wait, so that they are one group.
    std::promise<void> gate;
    std::shared_future<void> opened = gate.get_future().share();
    std::promise<void> begun;
    auto first = submit(open.store->writer(), [&begun, opened](Tx&) -> Result<void> {
        begun.set_value();
        opened.wait();
        return {};
    });
    begun.get_future().wait();
    std::vector<std::future<Result<void>>> outcomes;
    for (int at = 0; at < 20; ++at) {
        outcomes.push_back(submit(open.store->writer(), [at](Tx& tx) -> Result<void> {
            Event event = some_event();
            if (Result<void> added = tx.add_event(event); !added.ok()) return added;
            if (at == 7) return Fault{Code::usage, "poison"};
            if (at == 11) throw std::runtime_error("worse");
            return {};
        }));
    }
    gate.set_value();
    assert_fine(first.get());
    for (int at = 0; at < 20; ++at) {
        const Result<void> outcome = outcomes[static_cast<size_t>(at)].get();
        assert_int_equal(outcome.ok(), at != 7 && at != 11);
    }
    assert_int_equal(open.reader->events_after(0, 100).value().size(), 18);
    assert_int_equal(open.reader->status().value().events, 18);
    assert_int_equal(open.counters.commits.load(), 2);
    assert_true(open.store->writer().healthy());
    assert_int_equal(open.counters.store_faults.load(), 0);
}

void stop_runs_what_waits_and_fails_the_rest(void**) {
    TempDir dir;
    Open open(dir / "store");
    Writer& writer = open.store->writer();
    std::vector<std::future<Result<void>>> outcomes;
    for (int at = 0; at < 100; ++at)
        outcomes.push_back(submit(writer, [](Tx& tx) {
            Event event = some_event();
            return tx.add_event(event);
        }));
    writer.stop(10000);
    for (auto& outcome : outcomes) assert_fine(outcome.get());
    assert_int_equal(open.reader->events_after(0, 1000).value().size(), 100);
    std::unique_ptr<Job> late = std::make_unique<FunctionJob>([](Tx&) { return Result<void>(); },
                                                              [](const Result<void>&, bool) { fail_msg("not taken"); });
    assert_false(writer.submit(late));
    assert_non_null(late.get());

    Open other(dir / "other");
    std::promise<void> gate;
    std::shared_future<void> opened = gate.get_future().share();
    std::promise<void> runs;
    auto running = submit(other.store->writer(), [&runs, opened](Tx&) -> Result<void> {
        runs.set_value();
        opened.wait();
        return {};
    });
    runs.get_future().wait();
    std::atomic<bool> begun{false};
    std::thread stopper([&] {
        begun = true;
        other.store->writer().stop(0);
    });
    std::future<Result<void>> waiting;
    assert_true(eventually([&] {  // until stop() has begun, jobs are still taken
        waiting = submit(other.store->writer(), [](Tx&) { return Result<void>(); });
        return begun.load() && waiting.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }));
    gate.set_value();
    stopper.join();
    assert_fine(running.get());
    assert_int_equal(other.store->writer().waiting(), 0);
}

std::future<Result<void>> submit_patient(Writer& writer) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    auto made = std::make_unique<FunctionJob>(
        [](Tx& tx) {
            Event event = some_event();
            return tx.add_event(event);
        },
        [promise](const Result<void>& result, bool) { promise->set_value(result); });
    made->is_patient = true;
    std::unique_ptr<Job> job = std::move(made);
    assert_true(writer.submit(job));
    return promise->get_future();
}

void patient_jobs_linger_until_somebody_waits(void**) {
    TempDir dir;
    Open open(dir / "store", [](StoreOptions& options) { options.linger_us = 3600 * int64_t{1000000}; });
    Writer& writer = open.store->writer();
    std::vector<std::future<Result<void>>> outcomes;
    for (int at = 0; at < 10; ++at) outcomes.push_back(submit_patient(writer));
    // Time is what is tested: nothing may happen in it.
    assert_true(outcomes.back().wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
    assert_int_equal(open.counters.commits.load(), 0);
    assert_fine(write_now(*open.store, [](Tx& tx) {
        Event event = some_event();
        return tx.add_event(event);
    }));
    for (auto& outcome : outcomes) assert_fine(outcome.get());
    assert_int_equal(open.counters.commits.load(), 1);
    // A stop does not wait for the linger either.
    auto last = submit_patient(writer);
    writer.stop(10000);
    assert_fine(last.get());
}

void patient_jobs_do_not_linger_for_ever(void**) {
    TempDir dir;
    Open open(dir / "store", [](StoreOptions& options) { options.linger_us = 20000; });
    assert_fine(submit_patient(open.store->writer()).get());
}

void a_job_that_overtakes_goes_first(void**) {
    TempDir dir;
    Open open(dir / "store");
    Writer& writer = open.store->writer();
    std::promise<void> gate, begun;
    std::shared_future<void> opened = gate.get_future().share();
    auto first = submit(writer, [&begun, opened](Tx&) -> Result<void> {
        begun.set_value();
        opened.wait();
        return {};
    });
    begun.get_future().wait();
    std::string order;
    const auto wrote = [&order](char what) {
        return [&order, what](Tx&) {
            order += what;
            return Result<void>();
        };
    };
    auto second = submit(writer, wrote('b'));
    std::promise<Result<void>> ended;
    auto made =
        std::make_unique<FunctionJob>(wrote('a'), [&](const Result<void>& result, bool) { ended.set_value(result); });
    made->is_overtaking = true;
    std::unique_ptr<Job> overtaking = std::move(made);
    assert_true(writer.submit(overtaking));
    gate.set_value();
    assert_fine(first.get());
    assert_fine(second.get());
    assert_fine(ended.get_future().get());
    assert_string_equal(order.c_str(), "ab");
}

void the_log_is_copied_back_beside_the_traffic(void**) {
    TempDir dir;
    Open open(dir / "store");
    const std::string payload(1 << 20, 'x');
    for (int at = 0; at < 6; ++at)  // more than asks for a copy, less than makes the writer copy itself
        assert_fine(write_now(*open.store, [&](Tx& tx) {
            Event event = some_event("order.created", payload);
            return tx.add_event(event);
        }));
    const std::string file = dir / "store/trotline.db";
    assert_true(eventually([&] { return std::filesystem::file_size(file) > 4U << 20; }));
    assert_true(open.store->writer().healthy());
    assert_int_equal(open.reader->events_after(0, 100).value().size(), 6);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_job_fails_alone),
        cmocka_unit_test(stop_runs_what_waits_and_fails_the_rest),
        cmocka_unit_test(patient_jobs_linger_until_somebody_waits),
        cmocka_unit_test(patient_jobs_do_not_linger_for_ever),
        cmocka_unit_test(a_job_that_overtakes_goes_first),
        cmocka_unit_test(the_log_is_copied_back_beside_the_traffic),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
