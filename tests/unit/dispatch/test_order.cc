// Order, coalescing and batches as a receiver sees them: through the whole dispatcher, both ways of expansion, reloads,
// restarts.
#include "dispatch/fan_out.h"
#include "rig.h"

namespace {

using namespace trot_test;

Event change_of(const std::string& id, int n, const std::string& previous = "") {
    Event event = some_event("order.updated", "{\"id\":\"" + id + "\",\"n\":" + std::to_string(n) + "}");
    event.resource_id = id;
    event.action = "updated";
    if (!previous.empty()) event.previous = std::make_shared<const std::string>(previous);
    return event;
}

void add(Rig& rig, std::vector<Event> events) {
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        for (const Event& one : events) {
            Event event = one;
            if (Result<void> added = tx.add_event(event); !added) return added;
        }
        return {};
    }));
    if (rig.dispatcher) rig.dispatcher->wake();
}

Subscription ordered(const std::string& name) {
    Subscription out = subscription(name, {"*"}, {50, 50, 50, 50, 50, 50, 50, 50});
    out.order = Order::resource;
    return out;
}

bool all_finished(Rig& rig, size_t count) {
    return eventually(
        [&] {
            const auto lines = rig.deliveries();
            return lines.size() >= count && std::all_of(lines.begin(), lines.end(), [](const DeliveryLine& line) {
                       return line.delivery.finished_ms > 0;
                   });
        },
        30000);
}

// The sequences of a resource as its receiver saw them: only the last one may come again.
void assert_in_order(Rig& rig, const std::string& url, const std::string& id, size_t count) {
    long newest = 0;
    for (const Sent& sent : rig.wire.sent_to(url)) {
        if (sent.body.find("\"id\":\"" + id + "\"") == std::string::npos) continue;
        const long sequence = strtol(header(sent, "trotline-sequence").c_str(), nullptr, 10);
        assert_true(sequence == newest || sequence == newest + 1);
        newest = sequence;
        // The payloads were numbered as the events were.
        assert_non_null(strstr(sent.body.c_str(), ("\"n\":" + std::to_string(sequence) + "}").c_str()));
    }
    assert_int_equal(newest, count);
}

void a_resource_is_told_in_order_whatever_fails(void**) {
    Rig rig(plan_of({ordered("a")}));
    rig.wire.script([](const Sent&, size_t nth) {
        return Answer{nth % 3 == 0 ? 500 : 200, static_cast<int>(nth % 4)};
    });
    rig.start();
    for (int n = 1; n <= 20; ++n) add(rig, {change_of("x", n), change_of("y", n), change_of("z", n)});
    assert_true(all_finished(rig, 60));
    for (const char* id : {"x", "y", "z"}) assert_in_order(rig, "/a", id, 20);
    assert_false(rig.wire.doubled);
}

// Many subscribers: their deliveries are made behind the cursor.
void order_holds_in_a_large_fan_out(void**) {
    std::vector<Subscription> all;
    for (size_t i = 0; i <= FanOut::most_each; ++i) all.push_back(ordered("s" + std::to_string(i) + "-"));
    Rig rig(plan_of(all));
    rig.start();
    for (int n = 1; n <= 5; ++n) add(rig, {change_of("x", n)});
    assert_true(all_finished(rig, 5 * all.size()));
    assert_in_order(rig, "/s0-", "x", 5);
    assert_in_order(rig, "/s32-", "x", 5);
}

void a_stuck_lane_stops_only_itself(void**) {
    Rig rig(plan_of({ordered("a")}));
    std::atomic<bool> sick{true};
    rig.wire.script([&](const Sent& sent, size_t) {
        return Answer{sick && sent.body.find("\"id\":\"x\"") != std::string::npos ? 400 : 200, 0};
    });
    rig.start();
    for (int n = 1; n <= 5; ++n) add(rig, {change_of("x", n), change_of("y", n)});
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 5; }));
    assert_int_equal(rig.deliveries("queued").size(), 4);
    assert_int_equal(rig.reader->status().value().queued, 4);
    assert_int_equal(rig.reader->status().value().pending, 5);
    sick = false;
    assert_true(all_finished(rig, 10));
    assert_in_order(rig, "/a", "x", 5);
}

void one_that_is_given_up_lets_the_next_go(void**) {
    Subscription one = ordered("a");
    one.schedule_ms = {50};
    Rig rig(plan_of({one}));
    rig.wire.script([](const Sent& sent, size_t) {
        return Answer{sent.body.find("\"n\":1}") != std::string::npos ? 400 : 200, 0};
    });
    rig.start();
    add(rig, {change_of("x", 1), change_of("x", 2), change_of("x", 3)});
    assert_true(all_finished(rig, 3));
    assert_int_equal(rig.deliveries("dead").size(), 1);
    assert_int_equal(rig.deliveries("delivered").size(), 2);
}

// A receiver that hears of a later change must have heard of those before it: also across crashes.
void order_survives_restarts(void**) {
    Rig rig(plan_of({ordered("a")}));
    rig.wire.script([](const Sent&, size_t nth) { return Answer{nth % 5 == 0 ? 500 : 200, nth % 7 == 0 ? -1 : 3}; });
    int n = 0;
    for (int life = 0; life < 6; ++life) {
        rig.start();
        const size_t before = rig.wire.count();
        for (int i = 0; i < 5; ++i) add(rig, {change_of("x", ++n), change_of("y", n)});
        assert_true(rig.wire.wait(before + 4));
        rig.dispatcher->stop(0);
        rig.close();
        rig.open();
        add(rig, {change_of("x", ++n), change_of("y", n)});  // recorded while nobody leads
    }
    rig.wire.script(nullptr);
    rig.start();
    assert_true(all_finished(rig, static_cast<size_t>(2 * n)));
    assert_in_order(rig, "/a", "x", static_cast<size_t>(n));
    assert_in_order(rig, "/a", "y", static_cast<size_t>(n));
}

Subscription coalescing(const std::string& name, int64_t quiet_ms, int64_t most_ms) {
    Subscription out = subscription(name);
    out.coalesce = {quiet_ms, most_ms};
    out.format = "shareactor";  // shows what was before
    out.secrets = {Secret("0123456789abcdef")};
    return out;
}

void changes_within_the_window_are_one_delivery(void**) {
    Rig rig(plan_of({coalescing("a", 2000, 60000), subscription("each")}));
    rig.start();
    for (int n = 1; n <= 5; ++n)
        add(rig, {change_of("x", n, R"({"id":"x","n":)" + std::to_string(n - 1) + "}"), change_of("y", n)});
    assert_true(eventually([&] { return rig.reader->status().value().gathering == 2; }));
    assert_true(all_finished(rig, 12));
    const auto sent = rig.wire.sent_to("/a");
    assert_int_equal(sent.size(), 2);  // one for each resource
    for (const Sent& one : sent) {
        assert_non_null(strstr(one.body.c_str(), "\"n\":5"));
        if (one.body.find("\"id\":\"x\"") != std::string::npos)
            assert_non_null(strstr(one.body.c_str(), R"("previous_data":{"n":0})"));
    }
    assert_int_equal(rig.wire.sent_to("/each").size(), 10);  // beside it each change by itself
    assert_int_equal(rig.counters.coalesced.load(), 8);
}

void a_resource_that_never_rests_is_told_when_its_time_is_over(void**) {
    Rig rig(plan_of({coalescing("a", 900, 1000)}));
    rig.start();
    const int64_t began = system_clock().steady_us();
    int n = 0;
    while (rig.wire.count() == 0) {
        assert_true(system_clock().steady_us() - began < 20000000);
        add(rig, {change_of("x", ++n)});
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    assert_true(rig.wire.sent().front().steady_ms - began / 1000 >= 990);
    add(rig, {change_of("x", ++n)});  // the last one may have joined what has gone
    assert_true(all_finished(rig, 2));
    assert_non_null(strstr(rig.wire.sent().back().body.c_str(), ("\"n\":" + std::to_string(n)).c_str()));
}

void what_gathers_goes_after_a_restart(void**) {
    Rig rig(plan_of({coalescing("a", 300, 5000)}));
    rig.start();
    add(rig, {change_of("x", 1)});
    rig.close();
    rig.open();
    add(rig, {change_of("x", 2)});  // joins it as soon as somebody leads, or comes after its time
    rig.start();
    assert_true(all_finished(rig, 1));
    assert_true(eventually([&] { return rig.deliveries("gathering").empty(); }));
    assert_non_null(strstr(rig.wire.sent().back().body.c_str(), "\"n\":2"));
}

void what_gathers_goes_when_a_reload_ends_it(void**) {
    Rig rig(plan_of({coalescing("a", 300, 5000)}));
    rig.start();
    add(rig, {change_of("x", 1)});
    Subscription plain = coalescing("a", 300, 5000);
    plain.coalesce = {};
    rig.dispatcher->swap(plan_of({plain}));
    assert_true(all_finished(rig, 1));
    add(rig, {change_of("x", 2), change_of("x", 3)});
    assert_true(all_finished(rig, 3));
    assert_int_equal(rig.wire.count(), 3);
}

// A subscription that leaves the configuration keeps what gathers until it is back.
void what_gathers_waits_for_its_subscription(void**) {
    Rig rig(plan_of({coalescing("a", 100, 5000)}));
    rig.start();
    add(rig, {change_of("x", 1)});
    rig.dispatcher->swap(plan_of({subscription("other", {"nothing"})}));
    assert_true(eventually([&] { return rig.row("a").state == SubscriptionState::removed; }));
    if (!rig.deliveries("gathering").empty()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        assert_int_equal(rig.wire.count(), 0);
        assert_int_equal(rig.deliveries("gathering").size(), 1);
    }
    rig.dispatcher->swap(plan_of({coalescing("a", 100, 5000)}));
    assert_true(all_finished(rig, 1));
}

Subscription batching(const std::string& name, unsigned most, int64_t wait_ms) {
    Subscription out = subscription(name);
    out.batch = {most, wait_ms};
    return out;
}

size_t members_of(const std::string& body) {
    size_t count = 0;
    for (size_t at = body.find("\"type\":"); at != std::string::npos; at = body.find("\"type\":", at + 1)) ++count;
    return count;
}

void a_batch_is_the_same_on_every_attempt(void**) {
    Rig rig(plan_of({batching("a", 4, 60000)}));
    rig.wire.script([](const Sent&, size_t nth) {
        return Answer{nth < 3 ? 503 : 200, 0, SendError::none, "", "busy"};
    });
    rig.start();
    add(rig, {change_of("x", 1), change_of("y", 2), change_of("x", 3), change_of("z", 4)});  // full: no wait
    assert_true(rig.wire.wait(1));
    add(rig, {change_of("x", 5)});  // not one of them
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 4; }));
    const auto sent = rig.wire.sent();
    assert_int_equal(sent.size(), 3);
    for (const Sent& one : sent) {
        assert_string_equal(one.id.c_str(), sent[0].id.c_str());
        assert_string_equal(one.body.c_str(), sent[0].body.c_str());
        assert_int_equal(one.id.substr(0, 4) == "bat_", 1);
        assert_int_equal(one.body.front(), '[');
        assert_int_equal(members_of(one.body), 4);
        assert_false(header(one, "webhook-signature").empty());
    }
    // Each of them shows all its attempts; the answer stands with the first.
    const auto lines = rig.deliveries("delivered");
    for (const DeliveryLine& line : lines) {
        assert_int_equal(line.delivery.attempts, 3);
        assert_int_equal(line.delivery.batch, lines[0].delivery.number);
        Filter filter;
        filter.delivery = line.delivery.number;
        const auto attempts = rig.reader->list_attempts(filter);
        assert_fine(attempts);
        assert_int_equal(attempts.value().size(), 3);
        assert_string_equal(attempts.value()[0].answer.c_str(),
                            line.delivery.batch == line.delivery.number ? "busy" : "");
    }
    assert_int_equal(rig.counters.delivered.load(), 4);
    assert_int_equal(rig.counters.batches.load(), 3);
    assert_true(eventually([&] { return rig.deliveries("gathering").size() == 1; }));
}

void the_first_of_a_batch_waits_no_longer_than_asked(void**) {
    Rig rig(plan_of({batching("a", 100, 1500)}));
    rig.start();
    const int64_t began = system_clock().steady_us() / 1000;
    add(rig, {change_of("x", 1)});
    add(rig, {change_of("x", 2)});
    assert_true(all_finished(rig, 2));
    const auto sent = rig.wire.sent();
    assert_int_equal(sent.size(), 1);
    assert_true(sent[0].steady_ms - began >= 1490);
    assert_int_equal(members_of(sent[0].body), 2);
}

void a_batch_is_no_larger_than_a_mebibyte(void**) {
    Rig rig(plan_of({batching("a", 100, 200)}));
    rig.start();
    std::vector<Event> events;
    for (int i = 0; i < 5; ++i) {
        events.push_back(change_of("x", i));
        events.back().payload = std::make_shared<const std::string>("\"" + std::string(400000, 'x') + "\"");
    }
    add(rig, events);
    assert_true(all_finished(rig, 5));
    const auto sent = rig.wire.sent();
    assert_int_equal(sent.size(), 3);
    for (const Sent& one : sent) assert_true(one.body.size() <= (1U << 20) + 1000);
}

// A batch has its lanes' deliveries in their order, and what comes later in them waits for its end.
void batches_keep_the_order(void**) {
    Subscription one = batching("a", 5, 30);
    one.order = Order::resource;
    Rig rig(plan_of({one}));
    rig.wire.script([](const Sent&, size_t nth) {
        return Answer{nth % 3 == 1 ? 500 : 200, static_cast<int>(nth % 5) * 5};
    });
    rig.start();
    for (int n = 1; n <= 30; ++n) add(rig, {change_of("x", n), change_of(std::to_string(n), 1)});
    assert_true(all_finished(rig, 60));
    long newest = 0;
    for (const Sent& sent : rig.wire.sent()) {
        std::vector<long> seen;
        const std::string mark = R"({"id":"x","n":)";
        for (size_t at = sent.body.find(mark); at != std::string::npos; at = sent.body.find(mark, at + 1))
            seen.push_back(strtol(sent.body.c_str() + at + mark.size(), nullptr, 10));
        for (size_t i = 0; i < seen.size(); ++i) {
            if (i > 0) assert_int_equal(seen[i], seen[i - 1] + 1);
            assert_true(seen[i] <= newest + 1);  // nothing is left out
            newest = std::max(newest, seen[i]);
        }
    }
    assert_int_equal(newest, 30);
    assert_false(rig.wire.doubled);
}

void windows_end_in_batches(void**) {
    Subscription one = batching("a", 10, 500);
    one.coalesce = {1500, 60000};
    Rig rig(plan_of({one}));
    rig.start();
    for (int n = 1; n <= 3; ++n) add(rig, {change_of("x", n), change_of("y", n), change_of("z", n)});
    assert_true(all_finished(rig, 3));
    const auto sent = rig.wire.sent();
    assert_int_equal(sent.size(), 1);
    assert_int_equal(members_of(sent[0].body), 3);
    assert_null(strstr(sent[0].body.c_str(), "\"n\":2"));
}

// An operator's redelivery goes by itself, and holds up nobody.
void what_is_sent_again_by_hand_goes_outside_of_its_lane(void**) {
    Rig rig(plan_of({ordered("a")}));
    rig.start();
    add(rig, {change_of("x", 1), change_of("x", 2)});
    assert_true(all_finished(rig, 2));
    rig.wire.script([](const Sent& sent, size_t) {
        return Answer{sent.body.find("\"n\":1}") != std::string::npos ? 400 : 200, 0};
    });
    const int64_t first = rig.deliveries().front().delivery.number;
    assert_fine(write_now(*rig.store, [&](Tx& tx) { return tx.redeliver(first); }));
    add(rig, {change_of("x", 3)});
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 2; }));
    assert_int_equal(rig.deliveries("queued").size(), 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_resource_is_told_in_order_whatever_fails),
        cmocka_unit_test(order_holds_in_a_large_fan_out),
        cmocka_unit_test(a_stuck_lane_stops_only_itself),
        cmocka_unit_test(one_that_is_given_up_lets_the_next_go),
        cmocka_unit_test(order_survives_restarts),
        cmocka_unit_test(changes_within_the_window_are_one_delivery),
        cmocka_unit_test(a_resource_that_never_rests_is_told_when_its_time_is_over),
        cmocka_unit_test(what_gathers_goes_after_a_restart),
        cmocka_unit_test(what_gathers_goes_when_a_reload_ends_it),
        cmocka_unit_test(what_gathers_waits_for_its_subscription),
        cmocka_unit_test(a_batch_is_the_same_on_every_attempt),
        cmocka_unit_test(the_first_of_a_batch_waits_no_longer_than_asked),
        cmocka_unit_test(a_batch_is_no_larger_than_a_mebibyte),
        cmocka_unit_test(batches_keep_the_order),
        cmocka_unit_test(windows_end_in_batches),
        cmocka_unit_test(what_is_sent_again_by_hand_goes_outside_of_its_lane),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
