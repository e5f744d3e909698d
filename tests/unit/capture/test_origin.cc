// Where a change came from: whose credential, which request and trace, which delivery. The credential itself is written
// nowhere.
#include <string>

#include "capture/credential.h"
#include "capture/evaluate.h"
#include "capture/needs.h"
#include "capture/origin.h"
#include "capture/spill_format.h"
#include "crypto/actor.h"
#include "crypto/hmac.h"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on
}

#include "exchange_fixture.h"

using namespace trot;
using trot_test::exchange_of;
using trot_test::plan_of;

namespace {

constexpr const char* hook = "[[hook]]\ntopics = [\"a.made\", \"b.made\"]\nmatch = \"POST /a\"\n";
constexpr const char* parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

Exchange asked(Fields fields, const char* target = "/a") {
    Exchange exchange = exchange_of(plan_of(hook), "POST", target, 201, "{}", "{}");
    for (Field& field : fields) {
        if (proves_sender(field.name))
            exchange.credential = std::move(field);
        else
            exchange.request_fields.push_back(std::move(field));
    }
    return exchange;
}

std::string identity(const char* name, const std::string& value) { return identity_of(asked({{name, value}})); }

void is(const std::string& got, const std::string& want) { assert_string_equal(got.c_str(), want.c_str()); }

void whose_credential_it_is(void**) {
    is(identity("Authorization", "Basic " + base64("ck_0123:cs_4567")), "ck_0123");
    is(identity("authorization", "basic  " + base64("ann:a:b")), "ann");
    is(identity("Authorization", "Bearer 0123456789abcdef"), "0123456789abcdef");
    // {"alg":"HS256"}.{"sub":"user-7","n":"??>"}.x, base64url without padding
    is(identity("Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTciLCJuIjoiPz8-In0.x"), "user-7");
    is(identity("Authorization", "Bearer a.b.c"), "a.b.c");
    is(identity("Authorization", "OAuth realm=\"x\", oauth_consumer_key=\"ck_9\", oauth_nonce=\"1\""), "ck_9");
    is(identity("Authorization", "Digest username=\"bob\", realm=\"x\""), "bob");
    is(identity("X-Api-Key", " k1 "), "k1");
    is(identity("Authorization", "Basic ???"), "");
    is(identity("Authorization", "Bearer " + std::string(20000, 'a')), "");
    is(identity_of(asked({}, "/a?consumer_key=ck_1&consumer_secret=cs_2")), "ck_1");
    is(identity_of(asked({}, "/a?x=1")), "");
    assert_false(proves_sender("Cookie"));
    assert_false(proves_sender("X-Shop"));
}

void every_event_says_where_it_came_from(void**) {
    const Exchange exchange = asked({{"Authorization", "Bearer secret-token"},
                                     {"X-Request-Id", "req-1"},
                                     {"traceparent", parent},
                                     {"tracestate", "vendor=1, trotline=1.2.3"}});
    Evaluator evaluator;
    const std::vector<Event> events = evaluator.evaluate(exchange, nullptr);
    assert_int_equal(events.size(), 2);
    assert_non_null(events[0].origin.get());
    assert_ptr_equal(events[0].origin.get(), events[1].origin.get());
    is(*events[0].origin, std::string(R"({"request_id":"req-1","traceparent":")") + parent +
                              R"(","tracestate":"vendor=1, trotline=1.2.3","actor":")" + actor_hash("secret-token") +
                              R"(","hop":"1.2.3"})");
    assert_null(evaluator.evaluate(asked({}), nullptr)[0].origin.get());
    for (const char* name : {"traceparent", "Tracestate", "x-request-id", "Trotline-Hop"})
        assert_true(needs_of(*exchange.plan).wants_request_field(name));
    assert_false(needs_of(*exchange.plan).wants_request_field("Authorization"));
}

// Whatever a client writes there: not what would end a header line, and no more than is useful.
void nonsense_is_left_out(void**) {
    for (const std::string bad : {"", "a\nb", "a b", "\x80"})
        assert_null(origin_of(asked({{"X-Request-Id", bad}})).get());
    assert_null(origin_of(asked({{"X-Request-Id", std::string(201, 'a')}})).get());
    is(*origin_of(asked({{"X-Request-Id", "a\"b"}})), R"({"request_id":"a\"b"})");
    is(*origin_of(asked({{"X-Request-Id", " "}, {"X-Correlation-Id", "c"}})), R"({"request_id":"c"})");
    assert_true(is_traceparent(parent));
    assert_true(is_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later"));
    for (const char* bad : {"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
                            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
                            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
        assert_false(is_traceparent(bad));
    // Without a trace nobody passes its state on.
    is(*origin_of(asked({{"tracestate", "trotline=1.2.3,a=b"}})), R"({"hop":"1.2.3"})");
}

void a_spilled_exchange_keeps_the_actor_and_not_the_credential(void**) {
    Exchange exchange =
        asked({{"Authorization", "Bearer canary-token"}, {"X-Request-Id", "r"}, {"trotline-actor", "forged"}});
    const std::string bytes = encode_exchange(exchange, -1);
    assert_true(bytes.find("canary") == std::string::npos);
    Result<SpilledExchange> back = decode_exchange(bytes);
    assert_true(back.ok());
    back.value().exchange.plan = exchange.plan;
    is(*origin_of(back.value().exchange), R"({"request_id":"r","actor":")" + actor_hash("canary-token") + "\"}");
    // Written again, as a job that waits is.
    Result<SpilledExchange> twice = decode_exchange(encode_exchange(back.value().exchange, -1));
    assert_true(twice.ok());
    is(actor_of(twice.value().exchange), actor_hash("canary-token"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(whose_credential_it_is),
        cmocka_unit_test(every_event_says_where_it_came_from),
        cmocka_unit_test(nonsense_is_left_out),
        cmocka_unit_test(a_spilled_exchange_keeps_the_actor_and_not_the_credential),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
