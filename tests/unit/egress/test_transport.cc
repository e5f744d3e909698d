// The libcurl transport against a real socket: what is on the wire, what is kept between deliveries, what set_guard
// drops.
#include <sys/stat.h>

#include <cstring>
#include <string>

#include "tests/unit/egress/sender.h"
#include "tests/unit/egress/server.h"

// clang-format off
extern "C" {
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
}
// clang-format on

using namespace trot;
using sender::Sender;
using sender::url;
using server::Peer;
using server::Server;

namespace {

void expect_error(const SendResult& result, SendError error) {
    if (result.error != error)
        fail_msg("%s instead of %s: %s", std::string(name_of(result.error)).c_str(),
                 std::string(name_of(error)).c_str(), result.detail.c_str());
}

void what_is_on_the_wire(void**) {
    Server* here = nullptr;
    Server one([&](Peer& peer) {
        for (std::string request; !(request = peer.request()).empty(); peer.write(server::ok)) here->note(request);
    });
    here = &one;
    Sender sender;
    auto to = sender.target(url(one.port, "/a/../b?x=%0d%0a"));
    Fields headers = {{"content-type", "application/json"}, {"webhook-id", "dlv_1"}, {"X-Empty", ""}};
    SendResult result = sender.post(to, "{\"a\":1}", headers);
    expect_error(result, SendError::none);
    assert_int_equal(result.status, 200);
    assert_string_equal(result.answer.c_str(), "ok");
    assert_false(result.reused);
    assert_true(result.duration_us > 0);
    std::string want =
        "POST /a/../b?x=%0d%0a HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(one.port) +
        "\r\nUser-Agent: Trotline/0.1\r\nAccept: */*\r\ncontent-type: application/json\r\nwebhook-id: dlv_1\r\n"
        "X-Empty:\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
    assert_string_equal(one.requests()[0].c_str(), want.c_str());

    // The same handle, another request: nothing of the first is left. Above 1 MiB libcurl would ask for 100-continue.
    std::string large(3 << 20, 'x');
    result = sender.post(to, large, {{"content-type", "text/plain"}, {"user-agent", "Other"}});
    assert_int_equal(result.status, 200);
    assert_true(result.reused);
    std::string second = one.requests()[1];
    assert_true(second.size() > large.size() &&
                second.compare(second.size() - large.size(), std::string::npos, large) == 0);
    assert_null(strstr(second.c_str(), "Expect"));
    assert_null(strstr(second.c_str(), "webhook-id"));
    assert_non_null(strstr(second.c_str(), "user-agent: Other\r\n"));
    assert_null(strstr(second.c_str(), "Trotline"));

    result = sender.post(to, "");
    assert_int_equal(result.status, 200);
    assert_non_null(strstr(one.requests()[2].c_str(), "Content-Length: 0\r\n"));
    assert_int_equal(one.connections.load(), 1);
}

// The question for an endpoint's consent, and the delivery behind it on the same handle.
void options_asks_without_a_body(void**) {
    Server* here = nullptr;
    Server one([&](Peer& peer) {
        for (std::string request; !(request = peer.request()).empty();
             peer.write("HTTP/1.1 405 No\r\nWebHook-Allowed-Origin: *\r\nContent-Length: 0\r\n\r\n"))
            here->note(request);
    });
    here = &one;
    Sender sender;
    UrlRules rules;
    TargetOptions options;
    options.url = check_url(url(one.port), rules).value();
    options.options_method = options.keep_head = true;
    const std::shared_ptr<Target> asked = sender.transport->target(options).value();
    SendResult result;
    bool done = false;
    sender.transport->send(asked, {{"WebHook-Request-Origin", "a.example"}}, nullptr, [&](SendResult got) {
        result = std::move(got);
        done = true;
    });
    sender.run_until(done);
    expect_error(result, SendError::none);
    assert_int_equal(result.status, 405);
    assert_non_null(strstr(result.head.c_str(), "WebHook-Allowed-Origin: *"));
    const std::string question = one.requests()[0];
    assert_int_equal(question.find("OPTIONS /hook HTTP/1.1\r\n"), 0);
    assert_non_null(strstr(question.c_str(), "WebHook-Request-Origin: a.example\r\n"));
    assert_null(strstr(question.c_str(), "Content-Length"));
    assert_int_equal(sender.post(sender.target(url(one.port))).status, 405);
    assert_int_equal(one.requests()[1].find("POST /hook HTTP/1.1\r\n"), 0);
}

void two_targets_on_one_handle(void**) {
    Server a(server::always(server::ok));
    Server b(server::always("HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After:  17 \r\n\r\n"));
    Sender sender;
    auto to_a = sender.target(url(a.port));
    auto to_b = sender.target(url(b.port));
    for (int i = 0; i < 3; ++i) {
        assert_int_equal(sender.post(to_a).status, 200);
        SendResult result = sender.post(to_b);
        assert_int_equal(result.status, 503);
        assert_string_equal(result.retry_after.c_str(), "17");
        assert_int_equal(result.reused, i > 0);
        assert_string_equal(sender.post(to_a).retry_after.c_str(), "");
    }
    assert_int_equal(a.connections.load(), 1);
    assert_int_equal(b.connections.load(), 1);
}

void many_at_once_and_never_inside_send(void**) {
    Server one(server::always(server::ok));
    Sender sender;
    auto to = sender.target(url(one.port));
    int finished = 0;
    int sent = 0;
    bool done = false;
    bool inside = false;
    std::function<void()> next = [&] {
        ++sent;
        inside = true;
        sender.transport->send(to, {{"content-type", "a/b"}}, std::make_shared<const std::string>("x"),
                               [&](const SendResult& result) {
                                   assert_false(inside);
                                   assert_int_equal(result.status, 200);
                                   if (sent < 500) next();  // a done may send again
                                   done = ++finished == 500;
                               });
        inside = false;
    };
    for (int i = 0; i < 32; ++i) next();
    assert_int_equal(sender.transport->inflight(), 32);
    sender.run_until(done);
    assert_int_equal(sender.transport->inflight(), 0);
    assert_in_range(one.connections.load(), 1, 32);
}

// The wall behind the configuration's check.
void hostile_headers_are_not_sent(void**) {
    Server one(server::always(server::ok));
    Sender sender;
    auto to = sender.target(url(one.port));
    const Field hostile[] = {{"X-A", "a\r\nX-Injected: 1"},
                             {"X-A", "a\nb"},
                             {"X-A", std::string("a\0b", 3)},
                             {"X Bad", "1"},
                             {"X\r\nB", "1"},
                             {"", "1"},
                             {"X-Empty;", ""}};
    for (const Field& field : hostile) {
        SendResult out;
        bool done = false;
        sender.start(to, out, done, "{}", {field});
        assert_false(done);
        assert_int_equal(sender.transport->inflight(), 1);
        sender.run_until(done);
        expect_error(out, SendError::internal);
        assert_int_equal(out.status, 0);
    }
    assert_int_equal(one.connections.load(), 0);
    assert_int_equal(sender.post(to).status, 200);

    CurlOptions options;
    options.user_agent = "ua\r\nX-Inj: 1";
    options.guard = std::make_shared<const Guard>();
    options.base = sender.base;
    assert_false(make_curl_transport(options).ok());
}

void blocked_without_a_connection(void**) {
    Server one(server::always(server::ok));
    Sender sender({}, std::make_shared<const Guard>());
    SendResult result = sender.post(sender.target(url(one.port)));
    expect_error(result, SendError::blocked);
    assert_string_equal(result.detail.c_str(), "the address is not allowed");
    assert_int_equal(result.duration_us, 0);
    // Open or closed, the answer is the same, to the byte.
    SendResult closed = sender.post(sender.target("http://127.0.0.1:1024/"));
    assert_string_equal(closed.detail.c_str(), result.detail.c_str());
    expect_error(closed, SendError::blocked);
    assert_int_equal(one.connections.load(), 0);
    // The subscription's own list opens it for that subscription only.
    auto own = sender.target(url(one.port), 3000, 1000, {parse_network("127.0.0.1").value()});
    assert_int_equal(sender.post(own).status, 200);
    // …also when the other one's connection is still open (S302: judged again on reuse).
    expect_error(sender.post(sender.target(url(one.port))), SendError::blocked);
    assert_int_equal(one.connections.load(), 1);
}

void set_guard_drops_idle_connections(void**) {
    std::atomic<int> ended{0};
    Server one([&](Peer& peer) {
        server::always(server::ok)(peer);
        ++ended;
    });
    Sender sender;
    auto to = sender.target(url(one.port));
    assert_int_equal(sender.post(to).status, 200);
    sender.transport->set_guard(sender::guard_allowing({"127.0.0.1/32"}, {"127.0.0.1/32"}));
    while (ended == 0) event_base_loop(sender.base, EVLOOP_NONBLOCK);
    expect_error(sender.post(to), SendError::blocked);
    assert_int_equal(one.connections.load(), 1);
    sender.transport->set_guard(sender::guard_allowing({"127.0.0.0/8"}));
    SendResult result = sender.post(to);
    assert_int_equal(result.status, 200);
    assert_false(result.reused);
}

// A reload while an attempt waits for its answer: it ends as it began, then its old connections go.
void set_guard_under_an_attempt(void**) {
    std::atomic<bool> asked{false};
    std::atomic<bool> answer{false};
    std::atomic<int> ended{0};
    Server one([&](Peer& peer) {
        if (peer.request().empty()) return;
        asked = true;
        while (!answer && !one.stopping()) std::this_thread::yield();
        peer.write(server::ok);
        peer.wait_for_end();
        ++ended;
    });
    Sender sender;
    auto to = sender.target(url(one.port));
    SendResult out;
    bool done = false;
    sender.start(to, out, done);
    while (!asked) event_base_loop(sender.base, EVLOOP_NONBLOCK);
    sender.transport->set_guard(sender::guard_allowing({}));
    answer = true;
    sender.run_until(done);
    assert_int_equal(out.status, 200);
    while (ended == 0) event_base_loop(sender.base, EVLOOP_NONBLOCK);
    expect_error(sender.post(to), SendError::blocked);
}

void abandoned_attempts_do_not_call(void**) {
    Server one([](Peer& peer) { peer.wait_for_end(); });
    bool done = false;
    SendResult out;
    {
        Sender sender;
        auto to = sender.target(url(one.port));
        sender.start(to, out, done);
        while (one.connections == 0) event_base_loop(sender.base, EVLOOP_NONBLOCK);
    }
    assert_false(done);
}

void a_refused_port_is_connect(void**) {
    uint16_t port = 0;
    { port = Server(server::always(server::ok)).port; }
    Sender sender;
    SendResult result = sender.post(sender.target(url(port)));
    expect_error(result, SendError::connect);
    assert_int_equal(result.status, 0);
    assert_false(result.detail.empty());
}

// A kept connection that the receiver closed meanwhile costs no failure: nothing was answered, so it is sent once more.
void a_stale_connection_is_no_failure(void**) {
    Server one([](Peer& peer) {
        peer.request();
        peer.write(server::ok);
    });
    Sender sender;
    auto to = sender.target(url(one.port));
    for (int i = 0; i < 5; ++i) assert_int_equal(sender.post(to).status, 200);
}

void unusable_options(void**) {
    Sender sender;
    CurlOptions options;
    assert_false(make_curl_transport(options).ok());
    options.base = sender.base;
    options.guard = std::make_shared<const Guard>();
    options.ca_file = "/nonexistent/ca.pem";
    auto made = make_curl_transport(options);
    assert_false(made.ok());
    assert_non_null(strstr(made.fault().text.c_str(), "/nonexistent/ca.pem"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_on_the_wire),
        cmocka_unit_test(options_asks_without_a_body),
        cmocka_unit_test(two_targets_on_one_handle),
        cmocka_unit_test(many_at_once_and_never_inside_send),
        cmocka_unit_test(hostile_headers_are_not_sent),
        cmocka_unit_test(blocked_without_a_connection),
        cmocka_unit_test(set_guard_drops_idle_connections),
        cmocka_unit_test(set_guard_under_an_attempt),
        cmocka_unit_test(abandoned_attempts_do_not_call),
        cmocka_unit_test(a_refused_port_is_connect),
        cmocka_unit_test(a_stale_connection_is_no_failure),
        cmocka_unit_test(unusable_options),
    };
    return cmocka_run_group_tests_name("transport", tests, nullptr, nullptr);
}
