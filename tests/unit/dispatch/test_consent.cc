// CloudEvents' webhook consent: what grants it, and that nothing goes out before.
#include "dispatch/consent.h"
#include "rig.h"

using namespace trot_test;

static SendResult head(const std::string& fields, int status = 200) {
    SendResult out;
    out.status = status;
    out.head = "HTTP/1.1 " + std::to_string(status) + " X\n" + fields;
    return out;
}

static void headers_grant_and_never_the_status(void**) {
    const std::string me = "hooks.shop.example";
    const auto granted = [&](const SendResult& result) { return read_consent(result, me, 7200); };
    assert_true(granted(head("WebHook-Allowed-Origin: hooks.shop.example\nWebHook-Allowed-Rate: 100\n")).granted);
    assert_int_equal(granted(head("webhook-allowed-origin: *\nwebhook-allowed-rate: 100\n")).rate, 6000);
    assert_true(granted(head("WebHook-Allowed-Origin:  HOOKS.shop.example \n", 405)).granted);
    // Some leave the rate out: it is the one that was asked for.
    assert_int_equal(granted(head("WebHook-Allowed-Origin: *\n")).rate, 7200);
    assert_int_equal(granted(head("WebHook-Allowed-Origin: *\nWebHook-Allowed-Rate: *\n")).rate, 7200);
    SendResult silent;
    silent.error = SendError::timeout;
    const std::pair<SendResult, const char*> refused[] = {
        {head("Allow: OPTIONS, POST\n"), "answers 200 without WebHook-Allowed-Origin"},
        {head("", 404), "answers 404 without"},
        {head("WebHook-Allowed-Origin: other.example\n"), "allows \"other.example\", not \"hooks.shop.example\""},
        {head("WebHook-Allowed-Origin: *\nWebHook-Allowed-Rate: 0\n"), "WebHook-Allowed-Rate is \"0\""},
        {head("WebHook-Allowed-Origin: *\nWebHook-Allowed-Rate: many\n"), "no number of requests a minute"},
        {silent, "does not answer (timeout)"},
    };
    for (const auto& [result, why] : refused) {
        const ConsentAnswer answer = granted(result);
        assert_false(answer.granted);
        if (answer.reason.find(why) == std::string::npos) fail_msg("%s: %s", why, answer.reason.c_str());
    }
}

static std::shared_ptr<Plan> asking_plan() {
    auto plan = plan_of({subscription("a"), subscription("b")});
    plan->subscriptions[0].consent_origin = "hooks.shop.example";
    return plan;
}

static std::vector<Sent> questions(Rig& rig) {
    std::vector<Sent> out;
    for (const Sent& one : rig.wire.sent())
        if (one.options) out.push_back(one);
    return out;
}

static void it_is_asked_before_the_first_delivery(void**) {
    auto plan = asking_plan();
    plan->subscriptions[0].health.rate = 120 * 60;
    plan->subscriptions[0].authorization = Secret("Basic abc");
    Rig rig(plan);
    rig.wire.script([](const Sent& one, size_t) {
        Answer answer{200, one.options ? 50 : 0};
        if (one.options) answer.head = "HTTP/1.1 200 OK\nWebHook-Allowed-Origin: *\nWebHook-Allowed-Rate: 6000\n";
        return answer;
    });
    rig.start();
    assert_true(eventually([&] { return rig.dispatcher->status_json().find("\"leader\":true") != std::string::npos; }));
    assert_int_equal(rig.wire.count(), 0);  // nothing to deliver: nobody is asked
    rig.add(3);
    assert_true(rig.settled(6));
    const auto sent = rig.wire.sent_to("/a");
    assert_int_equal(sent.size(), 4);
    assert_true(sent[0].options);
    assert_string_equal(header(sent[0], "webhook-request-origin").c_str(), "hooks.shop.example");
    assert_string_equal(header(sent[0], "webhook-request-rate").c_str(), "120");
    assert_string_equal(header(sent[0], "authorization").c_str(), "Basic abc");
    for (size_t i = 1; i < sent.size(); ++i) {
        assert_false(sent[i].options);
        assert_true(sent[i].steady_ms - sent[0].steady_ms >= 45);
        assert_string_equal(header(sent[i], "webhook-request-origin").c_str(), "hooks.shop.example");
    }
    for (const Sent& one : rig.wire.sent_to("/b")) assert_true(header(one, "webhook-request-origin").empty());
}

static void the_granted_rate_is_kept(void**) {
    Rig rig(asking_plan());
    rig.wire.script([](const Sent& one, size_t) {
        Answer answer;
        if (one.options) answer.head = "HTTP/1.1 200 OK\nWebHook-Allowed-Origin: *\nWebHook-Allowed-Rate: 1200\n";
        return answer;
    });
    rig.start();
    rig.add(11);
    assert_true(rig.settled(22));
    const auto sent = rig.wire.sent_to("/a");
    assert_int_equal(sent.size(), 12);
    assert_in_range(sent.back().steady_ms - sent[1].steady_ms, 490, 5000);  // 20 a second
}

static void without_consent_deliveries_wait_and_it_is_asked_again(void**) {
    Rig rig(asking_plan());
    std::atomic<bool> consents{false};
    rig.wire.script([&](const Sent& one, size_t) {
        Answer answer{one.options && !consents ? 404 : 200};
        if (one.options && consents) answer.head = "HTTP/1.1 200 OK\nWebHook-Allowed-Origin: hooks.shop.example\n";
        return answer;
    });
    rig.start();
    rig.add(5);
    assert_true(eventually([&] { return rig.wire.sent_to("/b").size() == 5 && rig.wire.sent_to("/a").size() == 1; }));
    assert_true(eventually([&] {
        return rig.dispatcher->status_json().find("no consent: it answers 404 without WebHook-Allowed-Origin") !=
               std::string::npos;
    }));
    assert_true(rig.dispatcher->status_json().find("\"unconsented\":1") != std::string::npos);
    rig.add(5);
    assert_true(eventually([&] { return rig.wire.sent_to("/b").size() == 10; }));
    assert_int_equal(rig.wire.sent_to("/a").size(), 1);
    assert_true(eventually([&] { return rig.deliveries("delivered").size() == 10; }));
    assert_int_equal(rig.deliveries("pending").size(), 10);
    assert_int_equal(rig.row("a").failures, 0);  // waiting is no failure
    // Its time comes.
    consents = true;
    rig.clock.steady_jump_us += 12 * 1000000;
    rig.add(1);
    assert_true(rig.settled(22));
    assert_int_equal(questions(rig).size(), 2);
}

static void another_url_is_asked_anew(void**) {
    Rig rig(asking_plan());
    rig.wire.script([](const Sent& one, size_t) {
        Answer answer;
        if (one.options) answer.head = "HTTP/1.1 200 OK\nWebHook-Allowed-Origin: *\n";
        return answer;
    });
    rig.start();
    rig.add(1);
    assert_true(rig.settled(2));
    rig.dispatcher->swap(asking_plan());  // the same: it has consented
    rig.add(1);
    assert_true(rig.settled(4));
    assert_int_equal(questions(rig).size(), 1);
    auto moved = asking_plan();
    moved->subscriptions[0].url.text = "http://127.0.0.1:9999/moved";
    rig.dispatcher->swap(moved);
    assert_true(eventually([&] {
        rig.add(1);
        return !rig.wire.sent_to("/moved").empty();
    }));
    assert_true(rig.wire.sent_to("/moved")[0].options);
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(headers_grant_and_never_the_status),
        cmocka_unit_test(it_is_asked_before_the_first_delivery),
        cmocka_unit_test(the_granted_rate_is_kept),
        cmocka_unit_test(without_consent_deliveries_wait_and_it_is_asked_again),
        cmocka_unit_test(another_url_is_asked_anew),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
