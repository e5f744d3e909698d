// FanOut: small fan-outs are made in the event's own transaction; whatever is not is behind the cursor, and nothing is
// made twice or lost where the two meet.
#include "dispatch/fan_out.h"
#include "tests/unit/dispatch/rig.h"

namespace {

using namespace trot_test;

std::vector<Subscription> listeners(size_t count, const std::string& topic) {
    std::vector<Subscription> out;
    for (size_t i = 0; i < count; ++i) out.push_back(subscription(topic + std::to_string(i), {topic}));
    return out;
}

std::shared_ptr<Plan> plan_with_large_and_small() {
    std::vector<Subscription> all = listeners(FanOut::most_each + 1, "large");
    all.push_back(subscription("small", {"small"}));
    return plan_of(std::move(all));
}

// What the file says; a delivery in it was made in a transaction that is durable.
size_t made(Rig& rig) { return rig.deliveries().size(); }

void a_small_fan_out_is_durable_with_its_event(void**) {
    Rig rig(plan_with_large_and_small());
    rig.wire.script([](const Sent&, size_t) { return Answer{200, -1}; });  // no outcome: commits are what is counted
    rig.start();
    rig.add(1, "small");
    assert_true(rig.wire.wait(1));  // it leads by now
    for (const bool large : {false, true}) {
        const std::string topic = large ? "large" : "small";
        const size_t before = made(rig);
        const uint64_t commits = rig.counters.commits.load();
        rig.add(1, topic);
        const size_t at_once = made(rig) - before;
        assert_int_equal(at_once, large ? 0 : 1);
        const size_t all = large ? FanOut::most_each + 1 : 1;
        assert_true(eventually([&] { return made(rig) == before + all; }));
        assert_int_equal(rig.counters.commits.load() - commits, large ? 2 : 1);
    }
}

void nothing_is_lost_or_doubled_where_the_ways_meet(void**) {
    Rig rig(plan_with_large_and_small());
    rig.start();
    size_t small = 0, large = 0;
    for (int round = 0; round < 60; ++round) {
        const size_t count = 1 + static_cast<size_t>(round) % 7;
        const bool is_large = round % 5 == 2;
        rig.add(is_large ? 1 : count, is_large ? "large" : round % 11 == 3 ? "nobody" : "small");
        if (is_large)
            ++large;
        else if (round % 11 != 3)
            small += count;
    }
    const size_t all = small + large * (FanOut::most_each + 1);
    assert_true(rig.settled(all));
    assert_int_equal(made(rig), all);
    assert_int_equal(rig.wire.count(), all);
    assert_false(rig.wire.doubled);
    assert_int_equal(rig.reader->cursor().value(), rig.reader->newest_event().value());
}

void a_group_makes_no_more_than_its_share(void**) {
    Rig rig(plan_of({subscription("a"), subscription("b")}));
    rig.start();
    rig.add(1);
    assert_true(rig.settled(2));
    rig.wire.script([](const Sent&, size_t) { return Answer{200, -1}; });
    rig.add(FanOut::most_a_group);  // two deliveries each
    assert_true(eventually([&] { return made(rig) == 2 + 2 * FanOut::most_a_group; }));
    assert_int_equal(rig.reader->cursor().value(), rig.reader->newest_event().value());
}

void an_event_that_nobody_asked_for_does_not_hold_up_the_next(void**) {
    Rig rig(plan_of({subscription("small", {"small"})}));
    rig.wire.script([](const Sent&, size_t) { return Answer{200, -1}; });
    rig.start();
    rig.add(1, "small");
    assert_true(rig.wire.wait(1));
    rig.add(3, "other");
    const size_t before = made(rig);
    rig.add(1, "small");
    assert_int_equal(made(rig), before + 1);
}

// A rider between the writer and the dispatcher's: fails before it rides, or says that it failed after all is durable.
struct Trickster final : Rider {
    Result<void> write(Tx& tx, std::vector<Event>& added) override {
        if (refuse > 0 && --refuse == 0) {
            ++failed;
            std::vector<Event> copy = added;
            static_cast<void>(real->write(tx, copy));  // also what it wrote is undone
            return Fault{Code::usage, "not today"};
        }
        return real->write(tx, added);
    }
    void done(const Result<void>& outcome) override {
        if (late) {
            waits = outcome;
            waiting = true;
            return;
        }
        if (outcome && deny > 0 && --deny == 0) {
            ++failed;
            return real->done(Fault{Code::store, "the disk does not say"});
        }
        real->done(outcome);
    }
    // On the dispatcher's thread, while the writer has nothing to do.
    void land() {
        if (waiting.exchange(false)) real->done(waits);
    }
    std::shared_ptr<Rider> real;
    std::atomic<int> refuse{0}, deny{0}, failed{0};
    std::atomic<bool> late{false}, waiting{false};  // the news of a ride waits until an expansion is on its way
    Result<void> waits;
};

class TrickyStore final : public Store, private Writer {
  public:
    explicit TrickyStore(Store& real) : real_(real) {}
    Result<std::unique_ptr<Reader>> reader() override { return real_.reader(); }
    Writer& writer() override { return *this; }
    const std::string& path() const override { return real_.path(); }
    const std::shared_ptr<Trickster> trickster = std::make_shared<Trickster>();

  private:
    bool submit(std::unique_ptr<Job>& job) override {
        if (job->overtakes()) trickster->land();
        return real_.writer().submit(job);
    }
    void ride(std::shared_ptr<Rider> rider) override {
        if (!rider) return real_.writer().ride(nullptr);
        trickster->real = std::move(rider);
        real_.writer().ride(trickster);
    }
    void stop(int64_t) override {}
    bool healthy() const override { return true; }
    size_t waiting() const override { return real_.writer().waiting(); }
    Store& real_;
};

void a_ride_that_fails_or_does_not_know_loses_and_doubles_nothing(void**) {
    Rig rig(plan_of({subscription("a"), subscription("b")}));
    TrickyStore store(*rig.store);
    rig.dispatcher = rig.make(&store);
    rig.add(3);
    assert_true(rig.settled(6));
    store.trickster->refuse = 1;
    rig.add(5);
    assert_true(rig.settled(16));
    store.trickster->deny = 1;
    rig.add(4);
    rig.add(2);  // while the dispatcher does not know where the cursor is
    assert_true(rig.settled(28));
    rig.add(1);
    assert_true(rig.settled(30));
    assert_int_equal(store.trickster->failed.load(), 2);
    assert_int_equal(rig.wire.count(), 30);
    assert_false(rig.wire.doubled);
    assert_true(rig.store->writer().healthy());
    assert_non_null(strstr(drained(rig.log).c_str(), "could not be expanded"));
    rig.dispatcher->stop(1000);
    rig.dispatcher.reset();
}

// The expander reads a group of which a ride has taken a part, and hears of the ride while its own work is on its way.
void an_expansion_that_is_overtaken_goes_on_behind_the_ride(void**) {
    Rig rig(plan_with_large_and_small());
    TrickyStore store(*rig.store);
    rig.dispatcher = rig.make(&store);
    rig.add(1, "small");
    assert_true(rig.settled(1));
    store.trickster->late = true;
    assert_fine(write_now(*rig.store, [](Tx& tx) -> Result<void> {
        for (const char* topic : {"small", "large", "small"}) {
            Event event = some_event(topic);
            if (Result<void> added = tx.add_event(event); !added) return added;
        }
        return {};
    }));
    rig.dispatcher->wake();
    const size_t all = 1 + 2 + FanOut::most_each + 1;
    assert_true(rig.settled(all));
    assert_false(store.trickster->waiting);
    assert_int_equal(rig.wire.count(), all);
    rig.dispatcher->stop(1000);
    rig.dispatcher.reset();
}

void who_no_longer_leads_leaves_events_to_the_cursor(void**) {
    Rig rig(plan_with_large_and_small());
    rig.start();
    rig.add(1, "small");
    assert_true(rig.settled(1));
    rig.dispatcher->quiesce();
    assert_true(eventually([&] { return rig.counters.leader == 0; }));
    rig.add(1, "small");
    assert_int_equal(made(rig), 1);
}

// The next leader finds every delivery that the one before has made and not sent.
void what_rode_is_found_by_the_next_leader(void**) {
    Rig rig(plan_of({subscription("a")}));
    rig.wire.script([](const Sent&, size_t nth) { return nth == 1 ? Answer{200, 0} : Answer{200, -1}; });
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    std::atomic<bool> go_on{true};
    std::atomic<size_t> added{1};
    std::thread recorder([&] {
        while (go_on) {
            rig.add(3);
            added += 3;
        }
    });
    assert_true(rig.wire.wait(3));
    rig.dispatcher->stop(0);
    go_on = false;
    recorder.join();
    rig.wire.script([](const Sent&, size_t) { return Answer{200, 0}; });
    rig.start();
    assert_true(rig.settled(added));
    assert_int_equal(made(rig), added);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_small_fan_out_is_durable_with_its_event),
        cmocka_unit_test(nothing_is_lost_or_doubled_where_the_ways_meet),
        cmocka_unit_test(a_group_makes_no_more_than_its_share),
        cmocka_unit_test(an_event_that_nobody_asked_for_does_not_hold_up_the_next),
        cmocka_unit_test(a_ride_that_fails_or_does_not_know_loses_and_doubles_nothing),
        cmocka_unit_test(an_expansion_that_is_overtaken_goes_on_behind_the_ride),
        cmocka_unit_test(who_no_longer_leads_leaves_events_to_the_cursor),
        cmocka_unit_test(what_rode_is_found_by_the_next_leader),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
