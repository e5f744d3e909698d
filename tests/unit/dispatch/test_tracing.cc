// Loops, own changes and traces: who is not told of a change, and what a delivery says of where the change came from.
#include "crypto/actor.h"
#include "dispatch/tracing.h"
#include "dispatch/trail.h"
#include "tests/unit/dispatch/rig.h"

namespace {

using namespace trot_test;

constexpr const char* parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

void add_from(Rig& rig, const std::string& origin, const std::string& topic = "order.created") {
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        Event event = some_event(topic, "{}");
        if (!origin.empty()) event.origin = std::make_shared<const std::string>(origin);
        return tx.add_event(event);
    }));
    rig.dispatcher->wake();
}

std::string header(const Sent& sent, const char* name) {
    const std::string* value = find_field(sent.headers, name);
    return value == nullptr ? "none" : *value;
}

void a_token_is_believed_only_when_it_is_ours(void**) {
    TempDir dir;
    const Result<Secret> secret = trail_secret(dir.path());
    assert_fine(secret);
    const Result<Secret> again = trail_secret(dir.path());
    assert_fine(again);
    assert_true(secret.value().reveal() == again.value().reveal());
    TrailKey key(secret.value());
    TrailKey other(Secret(std::string(32, 'x')));
    Trail trail;
    for (int64_t subscription = 1; subscription <= 6; ++subscription) trail = longer(trail, subscription << 40);
    assert_int_equal(trail.hops, 6);
    assert_int_equal(trail.via.size(), most_via);
    const std::string token = key.spell(trail, 1000000);
    assert_true(token.find_first_of(" ,;=") == std::string::npos && token.size() <= 256);
    const std::optional<Trail> read = key.read(token, 1000000 + 86400);
    assert_true(read.has_value());
    assert_int_equal(read->hops, 6);
    assert_true(read->via == trail.via);
    assert_false(key.read(token, 1000000 + 86401).has_value());
    assert_false(key.read(token, 1000000 - 301).has_value());
    assert_false(other.read(token, 1000000).has_value());
    for (size_t at = 0; at < token.size(); ++at) {
        std::string bad = token;
        bad[at] = bad[at] == '1' ? '2' : '1';
        assert_false(key.read(bad, 1000000).has_value());
    }
    for (const char* bad : {"", ".", "1", "1.2", "1.2.3", "x.y.z"}) assert_false(key.read(bad, 1000000).has_value());
}

void a_subscription_is_not_told_of_its_own_changes(void**) {
    Subscription own = subscription("own");
    own.own.emplace_back("ck_mine");
    Rig rig(plan_of({own, subscription("other")}));
    rig.start();
    add_from(rig, R"({"actor":")" + actor_hash("ck_mine") + "\"}");
    add_from(rig, R"({"actor":")" + actor_hash("ck_theirs") + "\"}");
    add_from(rig, "");
    assert_true(rig.settled(5));
    assert_int_equal(rig.wire.sent_to("/own").size(), 2);
    assert_int_equal(rig.wire.sent_to("/other").size(), 3);
    assert_int_equal(rig.counters.skipped_own.load(), 1);
}

// A receiver that changes something because of what it was told, and passes the token on.
void a_delivery_that_leads_to_a_change_ends_there(void**) {
    Rig rig(plan_of({subscription("a"), subscription("b")}));
    rig.start();
    add_from(rig, "");
    assert_true(rig.settled(2));
    const std::string token = header(rig.wire.sent_to("/a").front(), "trotline-hop");
    assert_true(token != "none");
    add_from(rig, R"({"hop":")" + token + "\"}");  // a's change: b is told, a is not
    assert_true(rig.settled(3));
    assert_int_equal(rig.wire.sent_to("/a").size(), 1);
    const std::string second = header(rig.wire.sent_to("/b").back(), "trotline-hop");
    add_from(rig, R"({"hop":")" + second + "\"}");  // b's, because of a's: nobody
    add_from(rig, R"({"hop":"9.9.9"})");            // one that was made up keeps nobody from being told
    assert_true(rig.settled(5));
    assert_int_equal(rig.wire.sent_to("/a").size(), 2);
    assert_int_equal(rig.wire.sent_to("/b").size(), 3);
    assert_int_equal(rig.counters.looped.load(), 3);
}

void a_chain_ends_after_max_hops(void**) {
    std::vector<Subscription> all;
    for (const char* name : {"one", "two"}) {
        all.push_back(subscription(name, {std::string(name) + ".*"}));
        all.back().max_hops = 2;
    }
    Rig rig(plan_of(all));
    rig.start();
    add_from(rig, "", "one.made");
    assert_true(rig.settled(1));
    add_from(rig, R"({"hop":")" + header(rig.wire.sent().back(), "trotline-hop") + "\"}", "two.made");
    assert_true(rig.settled(2));
    add_from(rig, R"({"hop":")" + header(rig.wire.sent().back(), "trotline-hop") + "\"}", "three.made");
    add_from(rig, R"({"hop":")" + header(rig.wire.sent().back(), "trotline-hop") + "\"}", "one.made");
    add_from(rig, "", "two.made");  // comes behind those: when it is there they have been judged
    assert_true(rig.settled(3));
    assert_int_equal(rig.wire.sent_to("/one").size(), 1);
    assert_int_equal(rig.counters.looped.load(), 1);
}

void a_delivery_goes_on_with_the_clients_trace(void**) {
    Subscription quiet = subscription("quiet");
    quiet.trace = false;
    Rig rig(plan_of({subscription("told"), quiet}));
    rig.wire.script([](const Sent&, size_t nth) { return Answer{nth == 1 ? 500 : 200}; });
    rig.start();
    add_from(rig,
             std::string(R"({"request_id":"req-1","tracestate":"v=1,trotline=old","traceparent":")") + parent + "\"}");
    assert_true(rig.settled(2));
    const std::vector<Sent> told = rig.wire.sent_to("/told");
    assert_int_equal(told.size(), 2);
    for (size_t i = 0; i < told.size(); ++i) {
        const std::string trace = header(told[i], "traceparent");
        assert_true(trace.substr(0, 36) == std::string(parent).substr(0, 36) && trace.substr(52) == "-01");
        assert_true(trace.substr(36, 16) != std::string(parent).substr(36, 16));
        assert_string_equal(header(told[i], "x-request-id").c_str(), "req-1");
        assert_string_equal(header(told[i], "trotline-attempt").c_str(), std::to_string(i + 1).c_str());
        const std::string state = header(told[i], "tracestate");
        assert_string_equal(state.c_str(), ("trotline=" + header(told[i], "trotline-hop") + ",v=1").c_str());
    }
    assert_true(header(told[0], "traceparent") != header(told[1], "traceparent"));
    for (const char* name : {"traceparent", "tracestate", "x-request-id", "trotline-attempt", "trotline-hop"})
        assert_string_equal(header(rig.wire.sent_to("/quiet").front(), name).c_str(), "none");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_believed_only_when_it_is_ours),
        cmocka_unit_test(a_subscription_is_not_told_of_its_own_changes),
        cmocka_unit_test(a_delivery_that_leads_to_a_change_ends_there),
        cmocka_unit_test(a_chain_ends_after_max_hops),
        cmocka_unit_test(a_delivery_goes_on_with_the_clients_trace),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
