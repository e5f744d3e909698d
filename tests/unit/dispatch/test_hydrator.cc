// Events that are owed a payload: asked for, parked, released with what the store says; every failure of the upstream,
// the store and the process on the way.
#include "dispatch/hydration.h"
#include "rig.h"

using namespace trot_test;

namespace {

const std::string whole = "{ \"data\" : {\"id\":5,\"whole\":true} }";

std::shared_ptr<Plan> hydrating(std::vector<Subscription> subscriptions, unsigned tries = 3) {
    auto plan = plan_of(std::move(subscriptions));
    plan->hydrate.upstream = "http://upstream";
    plan->hydrate.tries = tries;
    plan->hydrate.headers.push_back({"Authorization", Secret("Bearer very-secret")});
    return plan;
}

Answer told(const std::string& body = whole, int after_ms = 0) {
    Answer answer;
    answer.body = body;
    answer.after_ms = after_ms;
    return answer;
}

// Questions are answered by `ask`, deliveries with 200.
void script(Rig& rig, std::function<Answer(const Sent&, size_t nth)> ask) {
    rig.wire.script(
        [ask = std::move(ask)](const Sent& sent, size_t nth) { return sent.get ? ask(sent, nth) : Answer{}; });
}

void owe(Rig& rig, size_t count = 1, const std::string& topic = "order.updated") {
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        for (size_t i = 0; i < count; ++i) {
            Event event = some_event(topic, "{\"id\":5}");
            event.hydrate = std::make_shared<const HydrateOrder>(
                HydrateOrder{"/orders/" + std::to_string(i) + "?q=hidden", "/data"});
            if (Result<void> added = tx.add_event(event); !added) return added;
        }
        return {};
    }));
    if (rig.dispatcher) rig.dispatcher->wake();
}

std::vector<HydrationRow> owed(Rig& rig) {
    auto rows = rig.reader->hydrations(0, 10000);
    assert_fine(rows);
    return std::move(rows).value();
}

uint32_t flags_of_first(Rig& rig) { return rig.reader->events_after(0, 1).value().front().flags; }

std::vector<Sent> deliveries(Rig& rig) {
    std::vector<Sent> out;
    for (const Sent& one : rig.wire.sent())
        if (!one.get) out.push_back(one);
    return out;
}

bool is_whole(const Sent& sent) { return sent.body.find("\"data\":{\"id\":5,\"whole\":true}") != std::string::npos; }
bool is_as_recorded(const Sent& sent) { return sent.body.find("\"data\":{\"id\":5}") != std::string::npos; }

void every_subscription_gets_what_was_told_once(void**) {
    Rig rig(hydrating({subscription("a"), subscription("b", {"order.*"}), subscription("c", {"order.*"})}));
    script(rig, [](const Sent&, size_t) { return told(whole, 20); });
    rig.start();
    owe(rig, 20);
    rig.add(20, "note.created");
    assert_true(rig.settled(80));
    const auto sent = rig.wire.sent();
    const auto questions = rig.wire.sent_to("http://upstream/");
    assert_int_equal(questions.size(), 20);
    assert_string_equal(questions[0].url.c_str(), "http://upstream/orders/0?q=hidden");
    assert_string_equal(header(questions[0], "authorization").c_str(), "Bearer very-secret");
    assert_string_equal(header(questions[0], "accept").c_str(), "application/json");
    assert_int_equal(sent.size(), 100);
    size_t filled = 0;
    for (const Sent& one : deliveries(rig)) {
        assert_string_equal(header(one, "authorization").c_str(), "");
        if (is_whole(one)) ++filled;
    }
    assert_int_equal(filled, 60);
    assert_int_equal(owed(rig).size(), 0);
    assert_int_equal(flags_of_first(rig), event_hydrated);
    assert_int_equal(rig.counters.hydrated.load(), 20);
    assert_int_equal(rig.counters.unhydrated.load(), 0);
    assert_false(rig.wire.doubled);
}

void at_most_so_many_at_once(void**) {
    auto plan = hydrating({subscription("a")});
    plan->hydrate.concurrency = 3;
    Rig rig(plan);
    script(rig, [](const Sent&, size_t) { return told(whole, 30); });
    rig.start();
    owe(rig, 12);
    assert_true(rig.settled(12));
    // Four rounds of 30 ms each, not one.
    const auto questions = rig.wire.sent_to("http://upstream/");
    assert_int_equal(questions.size(), 12);
    assert_true(questions[11].steady_ms - questions[0].steady_ms >= 85);
    assert_true(questions[2].steady_ms - questions[0].steady_ms < 30);
}

// The upstream fails n times, in each way that may pass, and then tells.
void a_failure_that_may_pass_is_asked_again(void**) {
    const std::vector<Answer> failures = {
        {500, 0}, {429, 0}, {408, 0}, {0, 0, SendError::connect}, {0, 0, SendError::timeout}, {0, 0, SendError::reset}};
    for (size_t first = 0; first < failures.size(); first += 2) {
        Rig rig(hydrating({subscription("a")}));
        script(rig, [&](const Sent&, size_t nth) { return nth <= 1 ? failures[first + nth - 1] : told(); });
        rig.start();
        owe(rig);
        assert_true(rig.settled(1));
        assert_int_equal(rig.wire.sent_to("http://upstream/").size(), 2);
        assert_true(is_whole(deliveries(rig).at(0)));
    }
}

void tries_have_an_end(void**) {
    for (unsigned tries = 1; tries <= 2; ++tries) {
        Rig rig(hydrating({subscription("a")}, tries));
        script(rig, [](const Sent&, size_t) { return Answer{503, 0}; });
        rig.start();
        owe(rig);
        assert_true(rig.settled(1));
        assert_int_equal(rig.wire.sent_to("http://upstream/").size(), tries);
        assert_true(is_as_recorded(deliveries(rig).at(0)));
        assert_int_equal(flags_of_first(rig), event_unhydrated);
        assert_int_equal(rig.counters.unhydrated.load(), 1);
        const std::string log = drained(rig.log);
        assert_non_null(strstr(log.c_str(), "GET /orders/0: status 503"));
        assert_null(strstr(log.c_str(), "hidden"));
        assert_null(strstr(log.c_str(), "secret"));
    }
}

void half_a_minute_is_the_most(void**) {
    auto plan = hydrating({subscription("a")}, 10);
    plan->hydrate.concurrency = 1;
    Rig rig(plan);
    script(rig, [](const Sent&, size_t) { return Answer{200, -1}; });  // never
    rig.start();
    owe(rig, 2);
    assert_true(rig.wire.wait(1));
    assert_false(eventually([&] { return rig.wire.count() > 1; }, 300));
    rig.clock.steady_jump_us = (longest_hydration_ms + 100) * 1000;
    owe(rig, 1, "nobody");  // the loop looks at its clock
    // The one that had no turn goes; the one on the wire ends by its own timeout, which the fake does not have.
    assert_true(rig.wire.wait(2));
    assert_true(is_as_recorded(deliveries(rig).at(0)));
    assert_int_equal(deliveries(rig).size(), 1);
}

void others_do_not_wait(void**) {
    auto one = subscription("a");
    one.concurrency = 1;  // parked deliveries take no slot
    Rig rig(hydrating({one}));
    script(rig, [](const Sent&, size_t) { return told(whole, 1500); });
    rig.start();
    owe(rig, 3);
    rig.add(50, "note.created");
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 50; }, 1400));
    assert_int_equal(rig.deliveries("pending").size(), 3);
    assert_true(rig.reader->cursor().value() == rig.reader->newest_event().value());
    assert_true(rig.dispatcher->status_json().find("\"inflight\":0") != std::string::npos);
    assert_true(rig.settled(53));
}

// The process dies between the record and the payload: before the question, during it, after a try.
void the_next_one_asks(void**) {
    for (int when = 0; when < 3; ++when) {
        Rig rig(hydrating({subscription("a")}));
        script(rig, [when](const Sent&, size_t) { return when == 2 ? Answer{503, 0} : Answer{200, -1}; });
        rig.start();
        assert_true(
            eventually([&] { return rig.dispatcher->status_json().find("\"leader\":true") != std::string::npos; }));
        if (when == 0) rig.close();
        if (when == 0) rig.open();
        owe(rig);
        if (when > 0) assert_true(rig.wire.wait(1));
        if (when == 2) assert_true(eventually([&] { return owed(rig).front().tries == 1; }));
        rig.close();
        assert_int_equal(deliveries(rig).size(), 0);
        rig.open();
        assert_int_equal(owed(rig).size(), 1);
        assert_int_equal(flags_of_first(rig), event_owed);
        const size_t before = rig.wire.count();
        script(rig, [](const Sent&, size_t) { return told(); });
        rig.start();
        assert_true(rig.settled(1));
        assert_int_equal(rig.wire.count(), before + 2);
        assert_true(is_whole(deliveries(rig).at(0)));
        assert_int_equal(deliveries(rig).size(), 1);
    }
}

void the_bytes_stay_on_every_attempt(void**) {
    Rig rig(hydrating({subscription("a", {"*"}, {200, 200})}));
    int told_times = 0;
    rig.wire.script([&](const Sent& sent, size_t nth) {
        if (sent.get) return told("{\"data\":{\"id\":5,\"whole\":true,\"n\":" + std::to_string(++told_times) + "}}");
        return nth < 3 ? Answer{500, 0} : Answer{};
    });
    rig.start();
    owe(rig);
    assert_true(rig.wire.wait(2));
    assert_true(eventually([&] { return rig.deliveries()[0].delivery.attempts == 1; }));
    rig.close();
    rig.open();
    rig.start();
    assert_true(rig.settled(1));
    const auto sent = deliveries(rig);
    assert_int_equal(sent.size(), 3);
    for (const Sent& one : sent) assert_string_equal(one.body.c_str(), sent[0].body.c_str());
    assert_int_equal(told_times, 1);
}

// A store whose writer refuses jobs for a while: as one that is sick.
class SickStore final : public Store, private Writer {
  public:
    explicit SickStore(Store& real) : real_(real) {}
    Result<std::unique_ptr<Reader>> reader() override { return real_.reader(); }
    Writer& writer() override { return *this; }
    const std::string& path() const override { return real_.path(); }
    std::atomic<bool> sick{false};
    std::atomic<int> refused{0};

  private:
    bool submit(std::unique_ptr<Job>& job) override {
        if (!sick) return real_.writer().submit(job);
        ++refused;
        job->done(Fault{Code::store, "sick"});
        return true;
    }
    void ride(std::shared_ptr<Rider> rider) override { real_.writer().ride(std::move(rider)); }
    void stop(int64_t) override {}
    bool healthy() const override { return !sick; }
    size_t waiting() const override { return real_.writer().waiting(); }
    Store& real_;
};

void nothing_goes_before_it_is_written(void**) {
    Rig rig(hydrating({subscription("a")}));
    SickStore store(*rig.store);
    script(rig, [&](const Sent&, size_t) {
        store.sick = true;
        return told();
    });
    rig.dispatcher = rig.make(&store);
    assert_true(eventually([&] { return rig.dispatcher->status_json().find("\"leader\":true") != std::string::npos; }));
    owe(rig);
    assert_true(eventually([&] { return store.refused > 1; }));
    assert_int_equal(deliveries(rig).size(), 0);
    assert_int_equal(owed(rig).size(), 1);
    store.sick = false;
    assert_true(rig.settled(1));
    assert_true(is_whole(deliveries(rig).at(0)));
    assert_int_equal(rig.wire.sent_to("http://upstream/").size(), 1);  // what was told is kept meanwhile
    assert_int_equal(rig.counters.hydrated.load(), 1);
    rig.dispatcher.reset();
}

void nobody_subscribes_nobody_asks(void**) {
    Rig rig(hydrating({subscription("a", {"note.*"})}));
    script(rig, [](const Sent&, size_t) { return told(); });
    owe(rig, 5);
    rig.start();
    owe(rig, 5);
    rig.add(1, "note.created");
    assert_true(eventually([&] { return owed(rig).empty(); }, 15000));
    assert_int_equal(rig.wire.sent_to("http://upstream/").size(), 0);
    assert_int_equal(flags_of_first(rig), event_unhydrated);
    assert_int_equal(rig.counters.unhydrated.load(), 0);  // none was sent without
}

void without_a_table_they_go_as_they_are(void**) {
    Rig rig(plan_of({subscription("a")}));
    owe(rig, 2);
    rig.start();
    owe(rig);
    assert_true(rig.settled(3));
    for (const Sent& one : deliveries(rig)) assert_true(is_as_recorded(one));
    assert_int_equal(rig.wire.sent_to("http://upstream/").size(), 0);
    assert_int_equal(owed(rig).size(), 0);
}

void a_lost_order_is_no_lost_event(void**) {
    Rig rig(hydrating({subscription("a")}));
    script(rig, [](const Sent&, size_t) { return told(); });
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        Event event = some_event("order.updated", "{\"id\":5}");
        event.flags = event_owed;  // and no row
        return tx.add_event(event);
    }));
    rig.start();
    assert_true(rig.settled(1));
    assert_true(is_as_recorded(deliveries(rig).at(0)));
    assert_int_equal(flags_of_first(rig), event_unhydrated);
}

void a_pause_meanwhile_keeps_them_in_the_store(void**) {
    auto plan = hydrating({subscription("a"), subscription("b")});
    Rig rig(plan);
    script(rig, [](const Sent&, size_t) { return told(whole, 600); });
    rig.start();
    owe(rig);
    assert_true(rig.wire.wait(1));
    auto paused = hydrating({subscription("a"), subscription("b")});
    paused->subscriptions[0].paused = true;
    rig.dispatcher->swap(paused);
    assert_true(eventually([&] { return rig.row("a").state == SubscriptionState::paused; }));
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 1; }));
    assert_false(eventually([&] { return !rig.wire.sent_to("9999/a").empty(); }, 300));
    rig.dispatcher->swap(hydrating({subscription("a"), subscription("b")}));
    assert_true(rig.settled(2));
    for (const Sent& one : deliveries(rig)) assert_true(is_whole(one));
    assert_int_equal(deliveries(rig).size(), 2);
}

void two_processes_deliver_once(void**) {
    Rig rig(hydrating({subscription("a")}));
    script(rig, [](const Sent&, size_t) { return told(whole, 50); });
    rig.start();
    assert_true(eventually([&] { return rig.dispatcher->status_json().find("\"leader\":true") != std::string::npos; }));
    auto second = rig.make();
    owe(rig, 10);
    second->wake();
    assert_true(rig.wire.wait(2));
    rig.dispatcher->quiesce();
    assert_true(rig.settled(10));
    assert_int_equal(deliveries(rig).size(), 10);
    for (const Sent& one : deliveries(rig)) assert_true(is_whole(one));
    assert_false(rig.wire.doubled);
    second->stop(1000);
}

void what_an_answer_means(void**) {
    JsonReader reader;
    const auto read = [&](const SendResult& result, const std::string& pointer = "") {
        return read_hydration(result, pointer, {"token"}, reader);
    };
    SendResult result;
    result.status = 200;
    result.whole = true;
    result.answer = " {\"a\":{\"token\":\"x\",\"n\":1.0}}\n";
    assert_string_equal(read(result).payload.c_str(), "{\"a\":{\"token\":\"[redacted]\",\"n\":1.0}}");
    assert_string_equal(read(result, "/a").payload.c_str(), "{\"token\":\"[redacted]\",\"n\":1.0}");
    for (const char* pointer : {"/b", "/a/n", "/a/token"})
        assert_true(read(result, pointer).what == Hydration::What::never);
    for (const char* answer : {"", "null", "5", "\"x\"", "{", "<html>", "{\"a\":1} x"}) {
        result.answer = answer;
        assert_true(read(result).what == Hydration::What::never);
    }
    result.answer = "[]";
    assert_string_equal(read(result).payload.c_str(), "[]");
    result.whole = false;
    assert_true(read(result).what == Hydration::What::later);
    result.cut = true;
    assert_true(read(result).what == Hydration::What::never);
    result.whole = true;
    for (const int status : {301, 304, 400, 401, 403, 404, 410}) {
        result.status = status;
        assert_true(read(result).what == Hydration::What::never);
    }
    for (const int status : {408, 425, 429, 500, 503}) {
        result.status = status;
        assert_true(read(result).what == Hydration::What::later);
    }
    result.status = 0;
    result.error = SendError::internal;
    assert_true(read(result).what == Hydration::What::never);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_subscription_gets_what_was_told_once),
        cmocka_unit_test(at_most_so_many_at_once),
        cmocka_unit_test(a_failure_that_may_pass_is_asked_again),
        cmocka_unit_test(tries_have_an_end),
        cmocka_unit_test(half_a_minute_is_the_most),
        cmocka_unit_test(others_do_not_wait),
        cmocka_unit_test(the_next_one_asks),
        cmocka_unit_test(the_bytes_stay_on_every_attempt),
        cmocka_unit_test(nothing_goes_before_it_is_written),
        cmocka_unit_test(nobody_subscribes_nobody_asks),
        cmocka_unit_test(without_a_table_they_go_as_they_are),
        cmocka_unit_test(a_lost_order_is_no_lost_event),
        cmocka_unit_test(a_pause_meanwhile_keeps_them_in_the_store),
        cmocka_unit_test(two_processes_deliver_once),
        cmocka_unit_test(what_an_answer_means),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
