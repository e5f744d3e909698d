// A rider: what an event calls for is written in the event's own transaction, and never harms it.
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot_test;

// Makes one delivery for each event and moves the cursor; keeps what it was asked and told.
struct Deliverer final : Rider {
    Result<void> write(Tx& tx, std::vector<Event>& added) override {
        ++asked;
        caught_up = tx.caught_up().value();
        seen.clear();
        for (const Event& event : added) {
            Delivery delivery;
            delivery.event = event.number;
            delivery.subscription = 1;
            delivery.format = "standard";
            if (Result<void> made = tx.add_delivery(delivery); !made) return made;
            seen.push_back(event.number);
        }
        if (move_cursor)
            if (Result<void> moved = tx.set_cursor(added.back().number); !moved) return moved;
        if (throws) throw std::runtime_error("the rider fell off");
        return refuses ? Result<void>(Fault{Code::usage, "the rider does not want to"}) : Result<void>();
    }
    void done(const Result<void>& outcome) override { told.push_back(outcome.ok() ? "" : outcome.fault().text); }

    int asked = 0;
    bool caught_up = false, refuses = false, throws = false, move_cursor = true;
    std::vector<int64_t> seen;
    std::vector<std::string> told;
};

struct Ridden : Open {
    explicit Ridden(const std::string& path) : Open(path) { store->writer().ride(rider); }
    // Events in one job, and that the rider has been told (it is told after the job).
    Result<void> add(int count) {
        const Result<void> outcome = write_now(*store, [count](Tx& tx) -> Result<void> {
            for (int at = 0; at < count; ++at) {
                Event event = some_event();
                if (Result<void> added = tx.add_event(event); !added) return added;
            }
            return {};
        });
        assert_fine(write_now(*store, [](Tx&) { return Result<void>(); }));
        return outcome;
    }
    size_t deliveries() {
        Filter filter;
        filter.limit = 1000;
        return reader->list_deliveries(filter).value().size();
    }
    std::shared_ptr<Deliverer> rider = std::make_shared<Deliverer>();
};

void it_rides_in_the_same_commit(void**) {
    TempDir dir;
    Ridden open(dir / "store");
    assert_fine(open.add(3));
    assert_int_equal(open.rider->asked, 1);
    assert_true(open.rider->caught_up);
    const auto events = open.reader->events_after(0, 100).value();
    assert_int_equal(events.size(), 3);
    assert_int_equal(open.rider->seen.size(), 3);
    for (size_t at = 0; at < 3; ++at) assert_int_equal(events[at].number, open.rider->seen[at]);
    assert_int_equal(open.deliveries(), 3);
    assert_int_equal(open.reader->cursor().value(), events.back().number);
    assert_int_equal(open.counters.commits.load(), 2);  // the events with their deliveries, and add()'s empty job
    assert_int_equal(open.rider->told.size(), 1);
    assert_string_equal(open.rider->told[0].c_str(), "");
    open.store->writer().ride(nullptr);
    assert_fine(open.add(1));
    assert_int_equal(open.rider->asked, 1);
}

void it_is_told_whether_older_events_wait(void**) {
    TempDir dir;
    Ridden open(dir / "store");
    open.rider->move_cursor = false;
    assert_fine(open.add(1));
    assert_true(open.rider->caught_up);  // there was nothing before
    open.rider->move_cursor = true;
    assert_fine(open.add(1));
    assert_false(open.rider->caught_up);
    assert_fine(open.add(1));
    assert_true(open.rider->caught_up);
    // An expansion in the same transaction counts.
    open.rider->move_cursor = false;
    assert_fine(open.add(1));
    const int64_t newest = open.rider->seen.back();
    assert_fine(write_now(*open.store, [newest](Tx& tx) -> Result<void> {
        Event event = some_event();
        if (Result<void> moved = tx.set_cursor(newest); !moved) return moved;
        return tx.add_event(event);
    }));
    assert_fine(write_now(*open.store, [](Tx&) { return Result<void>(); }));
    assert_true(open.rider->caught_up);
}

void a_ride_that_fails_harms_nothing(void**) {
    TempDir dir;
    Ridden open(dir / "store");
    for (const bool throws : {false, true}) {
        open.rider->refuses = !throws;
        open.rider->throws = throws;
        assert_fine(open.add(2));
    }
    assert_int_equal(open.rider->asked, 2);
    assert_int_equal(open.reader->events_after(0, 100).value().size(), 4);
    assert_int_equal(open.reader->status().value().events, 4);
    assert_int_equal(open.deliveries(), 0);
    assert_int_equal(open.reader->cursor().value(), 0);
    assert_true(open.store->writer().healthy());
    assert_int_equal(open.rider->told.size(), 2);
    assert_string_equal(open.rider->told[0].c_str(), "the rider does not want to");
    assert_non_null(strstr(open.rider->told[1].c_str(), "fell off"));
}

void events_of_a_failed_job_do_not_ride(void**) {
    TempDir dir;
    Ridden open(dir / "store");
    std::promise<void> gate, begun;
    std::shared_future<void> opened = gate.get_future().share();
    auto first = submit(open.store->writer(), [&begun, opened](Tx&) -> Result<void> {
        begun.set_value();
        opened.wait();
        return {};
    });
    begun.get_future().wait();
    std::vector<std::future<Result<void>>> jobs;
    for (const bool bad : {false, true, false})
        jobs.push_back(submit(open.store->writer(), [bad](Tx& tx) -> Result<void> {
            Event event = some_event();
            if (Result<void> added = tx.add_event(event); !added) return added;
            return bad ? Result<void>(Fault{Code::usage, "poison"}) : Result<void>();
        }));
    gate.set_value();
    assert_fine(first.get());
    assert_fine(jobs[0].get());
    assert_false(jobs[1].get().ok());
    assert_fine(jobs[2].get());
    assert_fine(write_now(*open.store, [](Tx&) { return Result<void>(); }));
    assert_int_equal(open.rider->asked, 1);
    assert_int_equal(open.rider->seen.size(), 2);
    assert_int_equal(open.deliveries(), 2);
    // A group of which nothing is left is not ridden on.
    assert_false(write_now(*open.store, [](Tx& tx) -> Result<void> {
                     Event event = some_event();
                     if (Result<void> added = tx.add_event(event); !added) return added;
                     return Fault{Code::usage, "poison"};
                 }).ok());
    assert_fine(write_now(*open.store, [](Tx&) { return Result<void>(); }));
    assert_int_equal(open.rider->asked, 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(it_rides_in_the_same_commit),
        cmocka_unit_test(it_is_told_whether_older_events_wait),
        cmocka_unit_test(a_ride_that_fails_harms_nothing),
        cmocka_unit_test(events_of_a_failed_job_do_not_ride),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
