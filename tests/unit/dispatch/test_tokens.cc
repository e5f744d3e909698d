// OAuth 2.0 client credentials: one fetch however many wait, renewed before the end, fetched anew once after a 401; a
// token endpoint that fails is the failure of the attempt that needed it, and no token or secret is ever in a log.
#include <poll.h>

#include <cstring>

#include "crypto/hmac.h"
#include "dispatch/token.h"
#include "rig.h"

using namespace trot;
using namespace trot_test;

namespace {

constexpr const char* token_url = "http://127.0.0.1:9998/token";

Subscription client(const std::string& name, const std::vector<int64_t>& schedule = {60, 60, 60}) {
    Subscription out = subscription(name, {"*"}, schedule);
    out.oauth.token_url = out.url;
    out.oauth.token_url.text = token_url;
    out.oauth.client_id = "us";
    out.oauth.client_secret = Secret("client-s3cret");
    out.concurrency = 8;
    return out;
}

Answer granted(const std::string& token, const std::string& more = R"(,"expires_in":3600)") {
    Answer out;
    out.body = R"({"access_token":")" + token + R"(","token_type":"bearer")" + more + "}";
    return out;
}

bool is_token(const Sent& sent) { return sent.url == token_url; }

std::string bearer_of(const Sent& sent) { return header(sent, "Authorization"); }

// Everything that was logged; none of it holds what it must not.
std::string logged(Rig& rig) {
    std::string out, line;
    Level level{};
    while (rig.log.drain(level, line)) out += line + "\n";
    for (const std::string& secret : {std::string("client-s3cret"), std::string("t0ken"), base64("us:client-s3cret")})
        assert_true(out.find(secret) == std::string::npos);
    return out;
}

void one_fetch_serves_all_that_wait(void**) {
    Rig rig(plan_of({client("a"), client("b")}));
    rig.wire.script([](const Sent& sent, size_t) {
        Answer answer = is_token(sent) ? granted("t0ken-1") : Answer{};
        answer.after_ms = is_token(sent) ? 200 : 1;
        return answer;
    });
    rig.start();
    rig.add(50);
    assert_true(rig.settled(100));
    assert_int_equal(rig.wire.sent_to("/token").size(), 1);
    const Sent asked = rig.wire.sent_to("/token").front();
    assert_string_equal(asked.body.c_str(), "grant_type=client_credentials");
    assert_string_equal(header(asked, "Authorization").c_str(), ("Basic " + base64("us:client-s3cret")).c_str());
    assert_string_equal(header(asked, "Content-Type").c_str(), "application/x-www-form-urlencoded");
    for (const Sent& sent : rig.wire.sent())
        if (!is_token(sent)) assert_string_equal(bearer_of(sent).c_str(), "Bearer t0ken-1");
    for (const DeliveryLine& line : rig.deliveries())
        assert_int_equal(line.delivery.attempts, 1);  // waiting is no attempt
    logged(rig);
}

void other_clients_have_other_tokens(void**) {
    Subscription second = client("b");
    second.oauth.scope = "write all";
    second.oauth.audience = "https://b.example";
    second.oauth.in_body = true;
    Rig rig(plan_of({client("a"), second}));
    rig.wire.script([](const Sent& sent, size_t) {
        return is_token(sent) ? granted(sent.body.find("scope") != std::string::npos ? "t0ken-b" : "t0ken-a")
                              : Answer{};
    });
    rig.start();
    rig.add(3);
    assert_true(rig.settled(6));
    assert_int_equal(rig.wire.sent_to("/token").size(), 2);
    for (const Sent& sent : rig.wire.sent_to("/a")) assert_string_equal(bearer_of(sent).c_str(), "Bearer t0ken-a");
    for (const Sent& sent : rig.wire.sent_to("/b")) assert_string_equal(bearer_of(sent).c_str(), "Bearer t0ken-b");
    for (const Sent& sent : rig.wire.sent_to("/token"))
        if (sent.body.find("scope") != std::string::npos) {
            assert_string_equal(sent.body.c_str(),
                                "grant_type=client_credentials&scope=write%20all&audience=https%3A%2F%2Fb.example&"
                                "client_id=us&client_secret=client-s3cret");
            assert_string_equal(header(sent, "Authorization").c_str(), "");
        }
}

void a_token_is_renewed_before_it_ends(void**) {
    Rig rig(plan_of({client("a")}));
    rig.wire.script([](const Sent& sent, size_t nth) {
        return is_token(sent) ? granted("t0ken-" + std::to_string(nth), R"(,"expires_in":"100")") : Answer{};
    });
    rig.start();
    const auto next = [&](size_t count) {
        rig.add(1);
        assert_true(rig.settled(count));
        return bearer_of(rig.wire.sent_to("/a").back());
    };
    assert_string_equal(next(1).c_str(), "Bearer t0ken-1");
    rig.clock.steady_jump_us += 85 * 1000000LL;
    assert_string_equal(next(2).c_str(), "Bearer t0ken-1");
    assert_int_equal(rig.wire.sent_to("/token").size(), 1);
    rig.clock.steady_jump_us += 6 * 1000000LL;  // in its last tenth: it still goes out, the next one is fetched beside
    assert_string_equal(next(3).c_str(), "Bearer t0ken-1");
    assert_true(eventually([&] { return rig.wire.sent_to("/token").size() == 2; }));
    assert_string_equal(next(4).c_str(), "Bearer t0ken-2");
    rig.clock.steady_jump_us += 200 * 1000000LL;  // over: nothing goes out with it
    assert_string_equal(next(5).c_str(), "Bearer t0ken-3");
    for (const DeliveryLine& line : rig.deliveries()) assert_int_equal(line.delivery.attempts, 1);
}

// Who waits for a token does not hold up the others of its origin.
void a_shared_origin_does_not_wait_for_a_token(void**) {
    Subscription other = subscription("b");
    Subscription waiting = client("a");
    other.health.share_origin = waiting.health.share_origin = true;
    Rig rig(plan_of({waiting, other}));
    rig.wire.script([](const Sent& sent, size_t) {
        Answer answer;
        if (is_token(sent)) answer.after_ms = -1;
        return answer;
    });
    rig.start();
    rig.add(20);
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 20; }, 10000));
    assert_int_equal(rig.wire.sent_to("/b").size(), 20);
    assert_int_equal(rig.wire.sent_to("/token").size(), 1);
}

// The endpoint has taken the token back: 401. One more try with a new one, not an attempt more.
void a_401_fetches_one_anew_once(void**) {
    Rig rig(plan_of({client("a")}));
    rig.wire.script([](const Sent& sent, size_t nth) {
        if (is_token(sent)) return granted("t0ken-" + std::to_string(nth));
        Answer answer;
        answer.status = bearer_of(sent) == "Bearer t0ken-1" ? 401 : 200;
        return answer;
    });
    rig.start();
    rig.add(8);
    assert_true(rig.settled(8));
    assert_int_equal(rig.wire.sent_to("/token").size(), 2);
    for (const DeliveryLine& line : rig.deliveries()) {
        assert_int_equal(line.delivery.attempts, 1);
        assert_true(line.delivery.state == DeliveryState::delivered);
    }
    assert_non_null(strstr(logged(rig).c_str(), "answered 401 to its token"));
}

void a_401_for_ever_is_a_failure_like_others(void**) {
    Rig rig(plan_of({client("a", {60, 60})}));
    rig.wire.script([](const Sent& sent, size_t nth) {
        if (is_token(sent)) return granted("t0ken-" + std::to_string(nth));
        Answer answer;
        answer.status = 401;
        return answer;
    });
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    const DeliveryLine line = rig.deliveries().front();
    assert_true(line.delivery.state == DeliveryState::dead);
    assert_int_equal(line.delivery.attempts, 3);
    assert_int_equal(rig.wire.sent_to("/a").size(), 4);      // the first attempt was made twice
    assert_int_equal(rig.wire.sent_to("/token").size(), 2);  // no storm of fetches
}

void a_failing_token_endpoint_is_the_attempts_failure(void**) {
    Rig rig(plan_of({client("a")}));
    rig.wire.script([](const Sent& sent, size_t nth) {
        if (!is_token(sent) || nth > 2) return is_token(sent) ? granted("t0ken-3") : Answer{};
        Answer answer;
        answer.status = nth == 1 ? 500 : 401;
        answer.body = R"({"error":"invalid_client","error_description":"t0ken client-s3cret"})";
        return answer;
    });
    rig.start();
    rig.add(1);
    assert_true(rig.settled(1));
    const DeliveryLine line = rig.deliveries().front();
    assert_true(line.delivery.state == DeliveryState::delivered);
    assert_int_equal(line.delivery.attempts, 3);
    const auto attempts = rig.reader->list_attempts({});
    assert_fine(attempts);
    int failed = 0;
    for (const Attempt& one : attempts.value()) failed += one.error == "token" ? 1 : 0;
    assert_int_equal(failed, 2);
    const std::string log = logged(rig);
    assert_non_null(strstr(log.c_str(),
                           "no token from http://127.0.0.1:9998/token for client \"us\": the token "
                           "endpoint answered 500 (invalid_client)"));
}

// One delivery asks for all: the others of the endpoint are no attempts, and the breaker ends the asking.
void a_dead_token_endpoint_is_left_alone(void**) {
    Rig rig(plan_of({client("a", {60000, 60000})}));
    rig.wire.script([](const Sent& sent, size_t) {
        Answer answer;
        if (is_token(sent)) answer.status = 0, answer.error = SendError::connect;
        return answer;
    });
    rig.start();
    rig.add(200);
    assert_true(rig.wire.wait(10));
    poll(nullptr, 0, 500);
    assert_in_range(rig.wire.sent_to("/token").size(), 10, 11);  // and a probe, perhaps
    assert_int_equal(rig.wire.sent_to("/a").size(), 0);
    size_t tried = 0;
    for (const DeliveryLine& line : rig.deliveries()) tried += line.delivery.attempts;
    assert_in_range(tried, 9, 11);
}

void what_waits_for_a_token_is_sent_after_a_restart(void**) {
    Rig rig(plan_of({client("a")}));
    rig.wire.script([](const Sent& sent, size_t nth) {
        Answer answer = is_token(sent) ? granted("t0ken-1") : Answer{};
        if (is_token(sent) && nth == 1) answer.after_ms = -1;
        return answer;
    });
    rig.start();
    rig.add(5);
    assert_true(rig.wire.wait(1));
    rig.dispatcher->stop(2000);
    rig.dispatcher.reset();
    assert_int_equal(rig.deliveries("pending").size(), 5);
    rig.start();
    assert_true(rig.settled(5));
    for (const DeliveryLine& line : rig.deliveries()) assert_int_equal(line.delivery.attempts, 1);
}

void answers(void**) {
    const auto read = [](const std::string& body, int status = 200) {
        SendResult result;
        result.status = status;
        result.answer = body;
        result.whole = true;
        return read_token(result);
    };
    const auto life = [&](const std::string& more) {
        const Result<Token> token = read(R"({"access_token":"t")" + more + "}");
        assert_fine(token);
        return token.value().life_ms;
    };
    assert_int_equal(life(""), 300000);
    assert_int_equal(life(R"(,"expires_in":60)"), 60000);
    assert_int_equal(life(R"(,"expires_in":"60")"), 60000);
    assert_int_equal(life(R"(,"expires_in":1.5)"), 1000);
    assert_int_equal(life(R"(,"expires_in":-5)"), 0);
    assert_int_equal(life(R"(,"expires_in":1e300)"), 86400000);
    assert_int_equal(life(R"(,"expires_in":null,"token_type":"BEARER")"), 300000);
    for (const auto& [body, why] : std::vector<std::pair<std::string, const char*>>{
             {"", "JSON object"},
             {"<html>", "JSON object"},
             {"[]", "JSON object"},
             {R"({"access_token":5})", "without an access_token"},
             {R"({"access_token":""})", "without an access_token"},
             {R"({"error":"no\nscope"})", "without an access_token"},
             {R"({"access_token":"a\r\nX: y"})", "cannot stand in a header"},
             {R"({"access_token":"a","token_type":"mac"})", "Bearer"}}) {
        const Result<Token> token = read(body);
        assert_false(token.ok());
        if (strstr(token.fault().text.c_str(), why) == nullptr) fail_msg("%s", token.fault().text.c_str());
        assert_null(strstr(token.fault().text.c_str(), "\n"));
    }
    assert_non_null(strstr(read("", 302).fault().text.c_str(), "answered 302"));
    SendResult broken;
    broken.status = 200;
    broken.answer = R"({"access_token":"t"})";
    assert_non_null(strstr(read_token(broken).fault().text.c_str(), "broke off"));
    broken.cut = true;
    assert_non_null(strstr(read_token(broken).fault().text.c_str(), "64 KiB"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(one_fetch_serves_all_that_wait),
        cmocka_unit_test(other_clients_have_other_tokens),
        cmocka_unit_test(a_token_is_renewed_before_it_ends),
        cmocka_unit_test(a_shared_origin_does_not_wait_for_a_token),
        cmocka_unit_test(a_401_fetches_one_anew_once),
        cmocka_unit_test(a_401_for_ever_is_a_failure_like_others),
        cmocka_unit_test(a_failing_token_endpoint_is_the_attempts_failure),
        cmocka_unit_test(a_dead_token_endpoint_is_left_alone),
        cmocka_unit_test(what_waits_for_a_token_is_sent_after_a_restart),
        cmocka_unit_test(answers),
    };
    return cmocka_run_group_tests_name("tokens", tests, nullptr, nullptr);
}
