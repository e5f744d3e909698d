// Crashes, reloads, two dispatchers on one store, a sick store, stopping: each delivery is made once and none is lost.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "rig.h"

using namespace trot_test;

// Every event has exactly one delivery, whatever happened.
static void assert_each_once(Rig& rig, size_t events) {
    std::map<int64_t, int> seen;
    for (const DeliveryLine& line : rig.deliveries()) ++seen[line.delivery.event];
    assert_int_equal(seen.size(), events);
    for (const auto& [event, count] : seen)
        if (count != 1) fail_msg("event %lld has %d deliveries", static_cast<long long>(event), count);
}

static void expansion_survives_kill_9(void**) {
    TempDir dir;
    const std::string path = dir.path() + "/store";
    size_t events = 0;
    for (int round = 0; round < 6; ++round) {
        // The child records and delivers until it is killed at some point.
        const pid_t child = fork();
        if (child == 0) {
            StoreOptions store_options;
            store_options.path = path;
            auto store = open_store(store_options);
            if (!store) _exit(1);
            Wire wire;
            DispatchOptions options;
            options.store = store.value().get();
            options.plan = plan_of({subscription("a", {"*"}, {50, 50, 50, 50, 50, 50})});
            options.transport = [&wire](event_base* base, const Plan&) -> Result<std::unique_ptr<Transport>> {
                return fake_transport(base, wire);
            };
            auto dispatcher = start_dispatcher(options);
            if (!dispatcher) _exit(2);
            for (;;) {
                write_now(*store.value(), [](Tx& tx) -> Result<void> {
                    for (int i = 0; i < 7; ++i) {
                        Event event = some_event();
                        if (Result<void> added = tx.add_event(event); !added) return added;
                    }
                    return {};
                }).ok();
                dispatcher.value()->wake();
            }
        }
        assert_true(child > 0);
        Filter filter;
        filter.limit = 1000000;
        // It has to do something in each round before it is killed.
        assert_true(eventually([&] {
            auto reader = open_reader(path);
            if (!reader) return false;
            auto lines = reader.value()->list_deliveries(filter);
            return lines.ok() && lines.value().size() > events + 100U + static_cast<size_t>(round) * 13U;
        }));
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
        events = open_reader(path).value()->list_deliveries(filter).value().size();
    }
    Rig rig(plan_of({subscription("a", {"*"}, {50, 50, 50, 50, 50, 50})}));
    rig.close();
    rig.path = path;
    rig.open();
    rig.start();
    const size_t recorded = rig.reader->status().value().events;
    assert_true(rig.settled(recorded, 30000));
    assert_each_once(rig, recorded);
    assert_false(rig.wire.doubled);
}

static void a_restart_repeats_only_what_was_not_written(void**) {
    Rig rig(plan_of({subscription("a")}));
    rig.start();
    rig.add(200);
    assert_true(rig.settled(200));
    rig.close();
    const size_t before = rig.wire.count();
    rig.open();
    rig.start();
    rig.add(1);
    assert_true(rig.settled(201));
    assert_int_equal(rig.wire.count(), before + 1);
}

static void a_reload_keeps_numbers_and_deliveries(void**) {
    Rig rig(plan_of({subscription("a"), subscription("b")}));
    rig.wire.script([](const Sent&, size_t) { return Answer{503, 0, SendError::none, "1"}; });
    rig.start();
    rig.add(3);
    assert_true(rig.wire.wait(6));
    const int64_t number = rig.row("a").number;
    // "a" goes for a while; its deliveries wait.
    rig.dispatcher->swap(plan_of({subscription("b")}));
    assert_true(eventually([&] { return rig.row("a").state == SubscriptionState::removed; }));
    rig.wire.script(nullptr);
    rig.add(2);
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 5; }));
    assert_int_equal(rig.deliveries("pending").size(), 3);
    rig.dispatcher->swap(plan_of({subscription("a"), subscription("b")}));
    assert_true(rig.settled(8));
    assert_int_equal(rig.row("a").number, number);
    assert_int_equal(rig.deliveries().size(), 8);  // 3 + 3 + 2: nothing was made while it was away
    assert_false(rig.wire.doubled);
}

static void many_reloads_under_load_lose_nothing(void**) {
    Rig rig(plan_of({subscription("a"), subscription("b", {"order.*"})}));
    rig.wire.script([](const Sent&, size_t) { return Answer{200, 1}; });
    rig.start();
    for (int i = 0; i < 30; ++i) {
        rig.add(20);
        rig.dispatcher->swap(plan_of({subscription("a"), subscription("b", {i % 2 == 0 ? "*" : "order.*"})}));
    }
    assert_true(rig.settled(1200));
    assert_int_equal(rig.wire.count(), 1200);
    assert_false(rig.wire.doubled);
}

static void one_of_two_dispatches_and_hands_over(void**) {
    Rig rig(plan_of({subscription("a")}));
    rig.wire.script([](const Sent&, size_t) { return Answer{200, 30}; });
    rig.start();
    assert_true(eventually([&] { return rig.dispatcher->status_json().find("\"leader\":true") != std::string::npos; }));
    auto second = rig.make();
    rig.add(40);
    second->wake();  // not the leader: it tells the leader
    assert_true(rig.wire.wait(8));
    rig.dispatcher->quiesce();
    assert_true(eventually([&] { return second->status_json().find("\"leader\":true") != std::string::npos; }));
    assert_true(rig.settled(40));
    assert_int_equal(rig.wire.count(), 40);  // what was in flight was written before the lock was given up
    assert_false(rig.wire.doubled);
    rig.add(5);
    assert_true(rig.settled(45));
    second->stop(1000);
}

static void another_process_takes_over_when_the_leader_dies(void**) {
    Rig rig(plan_of({subscription("a")}));
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    const std::string path = rig.dir.path() + "/store";
    const pid_t child = fork();
    if (child == 0) {
        const int fd = open((path + "/leader.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        struct flock lock {};
        lock.l_type = F_WRLCK;
        const char byte = fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 'y' : 'n';
        if (write(ready[1], &byte, 1) != 1) _exit(1);
        for (;;) pause();
    }
    char byte = 0;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    rig.start();
    rig.add(3);
    kill(child, SIGSTOP);  // stopped is not dead: no split brain
    assert_false(rig.wire.wait(1, 1200));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
    assert_true(rig.settled(3));
}

// A store whose writer fails jobs on demand; everything else is the real one.
class FailingStore final : public Store, private Writer {
  public:
    explicit FailingStore(Store& real) : real_(real) {}
    Result<std::unique_ptr<Reader>> reader() override { return real_.reader(); }
    Writer& writer() override { return *this; }
    const std::string& path() const override { return real_.path(); }
    std::atomic<int> fail{0};  // so many jobs fail without being written
    std::atomic<int> deny{0};  // so many are written and called failed: the outcome is unknown
    std::atomic<int> failed{0};

  private:
    bool submit(std::unique_ptr<Job>& job) override {
        if (fail > 0) {
            --fail;
            ++failed;
            job->done(Fault{Code::store, "disk full"});
            job.reset();
            return true;
        }
        if (deny > 0) {
            --deny;
            ++failed;
            std::unique_ptr<Job> liar = std::make_unique<Liar>(std::move(job));
            return real_.writer().submit(liar);
        }
        return real_.writer().submit(job);
    }
    void ride(std::shared_ptr<Rider>) override {}  // so that expansions are jobs
    void stop(int64_t) override {}
    bool healthy() const override { return true; }
    size_t waiting() const override { return real_.writer().waiting(); }

    struct Liar final : Job {
        explicit Liar(std::unique_ptr<Job> real) : job(std::move(real)) {}
        Result<void> write(Tx& tx) override { return job->write(tx); }
        void done(const Result<void>&) override { job->done(Fault{Code::store, "the disk does not say"}); }
        std::unique_ptr<Job> job;
    };
    Store& real_;
};

static void a_sick_store_neither_doubles_nor_loses(void**) {
    Rig rig(plan_of({subscription("a", {"order.*"}), subscription("watch", {"trotline.*"})}));
    FailingStore store(*rig.store);
    rig.wire.script([](const Sent& one, size_t nth) {
        return one.url.ends_with("/a") && nth == 20 ? Answer{410, 0} : Answer{200, 0};
    });
    rig.dispatcher = rig.make(&store);
    rig.add(10);
    assert_true(rig.settled(10));
    store.fail = 1;  // the expansion
    rig.add(5);
    assert_true(rig.settled(15));
    store.deny = 1;  // the expansion again, but it was written
    rig.add(4);
    assert_true(rig.settled(19));
    assert_int_equal(rig.wire.sent_to("/a").size(), 19);
    // Now outcomes: the 410 and its event, first refused, then written with an unknown outcome.
    rig.wire.script([&](const Sent& one, size_t) {
        if (!one.url.ends_with("/a")) return Answer{200, 0};
        store.fail = 2;
        store.deny = 1;
        return Answer{410, 0};
    });
    rig.add(1);
    assert_true(eventually([&] { return rig.wire.sent_to("/watch").size() == 1; }));
    assert_true(rig.settled(21));
    assert_int_equal(rig.wire.sent_to("/a").size(), 20);
    assert_int_equal(rig.wire.sent_to("/watch").size(), 1);  // the event was not recorded twice
    assert_int_equal(store.failed.load(), 5);
    assert_int_equal(rig.row("a").state, SubscriptionState::disabled);
    rig.dispatcher->stop(1000);
    rig.dispatcher.reset();
}

static void stop_waits_for_answers_and_writes_them(void**) {
    Rig rig(plan_of({subscription("a")}));
    rig.wire.script([](const Sent&, size_t) { return Answer{200, 300}; });
    rig.start();
    rig.add(20);
    assert_true(rig.wire.wait(8));
    rig.dispatcher->stop(2000);
    assert_int_equal(rig.deliveries("delivered").size(), 8);
    assert_int_equal(rig.wire.count(), 8);
    assert_int_equal(rig.counters.leader.load(), 0);
    rig.dispatcher->stop(0);  // twice does no harm
    // The rest goes out by the next one, nothing twice.
    rig.dispatcher = rig.make();
    assert_true(rig.settled(20));
    assert_int_equal(rig.wire.count(), 20);
}

static void stop_keeps_its_deadline(void**) {
    Rig rig(plan_of({subscription("a")}));
    rig.wire.script([](const Sent&, size_t) { return Answer{200, -1}; });
    rig.start();
    rig.add(20);
    assert_true(rig.wire.wait(8));
    const int64_t start = system_clock().steady_us();
    rig.dispatcher->stop(200);
    assert_true(system_clock().steady_us() - start < 1500000);
    assert_int_equal(rig.deliveries("pending").size(), 20);
}

static void a_removed_lock_file_ends_the_leadership(void**) {
    Rig rig(plan_of({subscription("a")}));
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    std::filesystem::remove(rig.dir.path() + "/store/leader.lock");
    assert_true(eventually([&] { return drained(rig.log).find("leader.lock") != std::string::npos; }));
    rig.add(3);
    assert_true(rig.settled(4));  // it leads again, with a new file
    assert_int_equal(rig.wire.count(), 4);
}

// Nobody is woken and no event is read while nobody subscribes; the cursor moves all the same.
static void who_subscribes_later_gets_what_is_recorded_later(void**) {
    Rig rig(plan_of({}));
    rig.start();
    rig.add(5);
    assert_true(eventually([&] { return rig.reader->cursor().value() == rig.reader->status().value().last_event; }));
    rig.add(5);  // the cursor in the file is a second behind; who passed them knows
    rig.dispatcher->swap(plan_of({subscription("late")}));
    assert_true(eventually([&] { return rig.reader->subscriptions().value().size() == 1; }));
    assert_true(eventually([&] {  // until the reload is in force, events are nobody's
        rig.add(1, "order.updated");
        return rig.wire.count() > 0;
    }));
    Filter filter;
    filter.limit = 1000;
    const auto lines = rig.reader->list_deliveries(filter);
    assert_fine(lines);
    for (const DeliveryLine& line : lines.value()) assert_string_equal(line.topic.c_str(), "order.updated");
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(expansion_survives_kill_9),
        cmocka_unit_test(a_restart_repeats_only_what_was_not_written),
        cmocka_unit_test(a_reload_keeps_numbers_and_deliveries),
        cmocka_unit_test(many_reloads_under_load_lose_nothing),
        cmocka_unit_test(one_of_two_dispatches_and_hands_over),
        cmocka_unit_test(another_process_takes_over_when_the_leader_dies),
        cmocka_unit_test(a_sick_store_neither_doubles_nor_loses),
        cmocka_unit_test(stop_waits_for_answers_and_writes_them),
        cmocka_unit_test(stop_keeps_its_deadline),
        cmocka_unit_test(a_removed_lock_file_ends_the_leadership),
        cmocka_unit_test(who_subscribes_later_gets_what_is_recorded_later),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
