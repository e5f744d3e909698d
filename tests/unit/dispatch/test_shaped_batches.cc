// Batches of shaped deliveries: each member is shaped as its delivery says, and what cannot be shaped keeps the whole
// request from going out.
#include "rig.h"

using namespace trot_test;

namespace {

const std::string private_text = "very-private";

Event saying(int n, bool json) {
    Event event =
        some_event("order.created", json ? "{\"n\":" + std::to_string(n) + ",\"email\":\"" + private_text + "\"}"
                                         : "email=" + private_text);
    if (!json) event.flags = event_opaque;
    return event;
}

void add(Rig& rig, const std::vector<Event>& events) {
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        for (const Event& one : events) {
            Event event = one;
            if (Result<void> added = tx.add_event(event); !added) return added;
        }
        return {};
    }));
    if (rig.dispatcher) rig.dispatcher->wake();
}

Subscription batched(const std::string& name) {
    Subscription out = subscription(name);
    out.batch = {10, 200};
    return out;
}

bool all_ended(Rig& rig, size_t count) {
    return eventually([&] { return rig.deliveries("delivered").size() + rig.deliveries("dead").size() >= count; });
}

void each_member_is_shaped(void**) {
    Subscription dropped = batched("dropped"), thin = batched("thin"), claim = batched("claim");
    dropped.shape.drop = {"/email"};
    thin.shape.payload = ShapeRules::Payload::thin;
    claim.shape.payload = ShapeRules::Payload::claim;
    claim.shape.public_url = "https://hooks.example";
    claim.shape.claim_ms = 60000;
    Rig rig(plan_of({dropped, thin, claim}));
    rig.wire.script([](const Sent&, size_t nth) { return Answer{nth == 1 ? 500 : 200}; });
    rig.start();
    add(rig, {saying(0, true), saying(1, true), saying(2, true)});
    assert_true(all_ended(rig, 9));
    assert_int_equal(rig.deliveries("delivered").size(), 9);
    for (const char* name : {"/dropped", "/thin", "/claim"}) {
        const std::vector<Sent> sent = rig.wire.sent_to(name);
        assert_int_equal(sent.size(), 2);  // one request, tried twice
        assert_string_equal(sent[0].body.c_str(), sent[1].body.c_str());
        assert_true(sent[0].body.find(private_text) == std::string::npos);
    }
    const std::string body = rig.wire.sent_to("/dropped")[0].body;
    for (const char* each : {"\"data\":{\"n\":0}", "\"data\":{\"n\":1}", "\"data\":{\"n\":2}"})
        assert_non_null(strstr(body.c_str(), each));
    const std::string claims = rig.wire.sent_to("/claim")[0].body;
    size_t urls = 0;
    for (size_t at = 0; (at = claims.find("https://hooks.example/trotline/claims/", at)) != std::string::npos; ++at)
        ++urls;
    assert_int_equal(urls, 3);
}

void what_cannot_be_shaped_keeps_its_batch_here(void**) {
    Subscription dropped = batched("dropped");
    dropped.shape.drop = {"/email"};
    Rig rig(plan_of({dropped}));
    rig.start();
    add(rig, {saying(0, true), saying(1, false), saying(2, true)});
    assert_true(all_ended(rig, 3));
    assert_int_equal(rig.wire.count(), 0);
    const std::vector<DeliveryLine> dead = rig.deliveries("dead");
    assert_int_equal(dead.size(), 3);
    for (const DeliveryLine& line : dead) {
        assert_int_equal(line.delivery.attempts, 0);
        assert_non_null(strstr(line.delivery.last_error.c_str(), "dlv_"));  // says whose payload it was
    }
    assert_int_equal(rig.counters.unshaped.load(), 3);
    // Sent again by hand each goes by itself, and those that can be shaped do.
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        for (const DeliveryLine& line : dead)
            if (Result<void> again = tx.redeliver(line.delivery.number); !again) return again;
        return {};
    }));
    rig.close();
    rig.open();
    rig.start();
    assert_true(
        eventually([&] { return rig.deliveries("delivered").size() == 2 && rig.deliveries("dead").size() == 1; }));
    for (const Sent& one : rig.wire.sent()) assert_true(one.body.find(private_text) == std::string::npos);
}

// A subscription that sends batches now, and what was made when it had a program: that goes by itself, as it was made.
void what_has_a_program_goes_by_itself(void**) {
    Subscription made = subscription("made");
    made.coalesce = {1500, 60000};
    made.shape.transform = "{m: .n}";
    Rig rig(plan_of({made}));
    rig.start();
    add(rig, {saying(7, true)});
    assert_true(eventually([&] { return rig.deliveries("gathering").size() == 1; }));
    rig.close();
    rig.plan = plan_of({batched("made")});
    rig.open();
    rig.start();
    add(rig, {saying(8, true), saying(9, true)});
    assert_true(all_ended(rig, 3));
    bool alone = false;
    for (const Sent& one : rig.wire.sent())
        alone = alone || (one.body.front() == '{' && one.body.find("{\"m\":7}") != std::string::npos);
    assert_true(alone);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(each_member_is_shaped),
        cmocka_unit_test(what_cannot_be_shaped_keeps_its_batch_here),
        cmocka_unit_test(what_has_a_program_goes_by_itself),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
