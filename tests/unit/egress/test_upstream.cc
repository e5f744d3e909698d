// The upstream that is asked for payloads: it alone passes the guard, and only its questions do; how much of its answer
// is kept; a handle that has asked delivers as before.
#include <cstring>
#include <string>

#include "tests/unit/egress/sender.h"
#include "tests/unit/egress/server.h"
#include "tests/unit/egress/tls.h"

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
using server::Peer;
using server::Server;

namespace {

std::shared_ptr<Target> upstream(Sender& with, const std::string& url, uint64_t answer_bytes = 100000,
                                 const std::string& ca_file = "", bool verify = true) {
    TargetOptions options;
    options.url.text = url;
    options.timeout_ms = 5000;
    options.upstream = true;
    options.answer_bytes = answer_bytes;
    options.ca_file = ca_file;
    options.verify = verify;
    auto made = with.transport->target(options);
    assert_true(made.ok());
    return made.value();
}

SendResult get(Sender& with, const std::shared_ptr<Target>& from) {
    SendResult out;
    bool done = false;
    with.transport->send(from, {{"Authorization", "Bearer x"}}, nullptr, [&](SendResult result) {
        out = std::move(result);
        done = true;
    });
    with.run_until(done);
    return out;
}

server::Script noting(Server*& server, const std::string& answer) {
    return [&server, answer](Peer& peer) {
        for (std::string request = peer.request(); !request.empty(); request = peer.request()) {
            server->note(request);
            if (!peer.write(answer)) return;
        }
    };
}

std::string answer_of(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

void only_the_question_passes_the_guard(void**) {
    Server* self = nullptr;
    Server one(noting(self, answer_of("{\"id\":5}")));
    self = &one;
    // Nothing is allowed, and the address is our own besides.
    Sender sender({}, sender::guard_allowing({}, {}, {"127.0.0.1:" + std::to_string(one.port)}));
    const auto delivery = sender.target(sender::url(one.port));
    assert_int_equal(sender.post(delivery).error, SendError::blocked);
    const SendResult told = get(sender, upstream(sender, sender::url(one.port, "/orders/5?a=%2F..")));
    assert_int_equal(told.status, 200);
    assert_true(told.whole && !told.cut);
    assert_string_equal(told.answer.c_str(), "{\"id\":5}");
    // The question's connection is open, and no way in for a delivery.
    const SendResult refused = sender.post(delivery);
    assert_int_equal(refused.error, SendError::blocked);
    assert_int_equal(refused.status, 0);
    const SendResult again = get(sender, upstream(sender, sender::url(one.port)));
    assert_int_equal(again.status, 200);
    const auto requests = one.requests();
    assert_int_equal(requests.size(), 2);
    assert_int_equal(strncmp(requests[0].c_str(), "GET /orders/5?a=%2F.. HTTP/1.1\r\n", 32), 0);
    assert_non_null(strstr(requests[0].c_str(), "\r\nAuthorization: Bearer x\r\n"));
    assert_null(strcasestr(requests[0].c_str(), "content-length"));
}

void a_handle_that_has_asked_delivers_as_before(void**) {
    Server* self = nullptr;
    const std::string body(70000, 'x');
    Server one(noting(self, answer_of(body)));
    self = &one;
    CurlOptions options;
    options.response_bytes = 20000;
    Sender sender(options);
    const auto delivery = sender.target(sender::url(one.port));
    for (int i = 0; i < 2; ++i) {
        const SendResult asked = get(sender, upstream(sender, sender::url(one.port)));
        assert_int_equal(asked.answer.size(), body.size());
        assert_true(asked.whole);
        const SendResult sent = sender.post(delivery, "{\"n\":1}");
        assert_int_equal(sent.status, 200);
        assert_int_equal(sent.answer.size(), 4096);
        assert_true(!sent.whole && sent.cut);
    }
    const auto requests = one.requests();
    assert_int_equal(requests.size(), 4);
    assert_int_equal(strncmp(requests[1].c_str(), "POST ", 5), 0);
    assert_non_null(strstr(requests[3].c_str(), "\r\n\r\n{\"n\":1}"));
    assert_int_equal(strncmp(requests[2].c_str(), "GET ", 4), 0);
}

void the_cap_is_the_answers(void**) {
    Server one([](Peer& peer) {
        // In chunks of one byte each.
        std::string body;
        for (int i = 0; i < 3000; ++i) body += "1\r\nx\r\n";
        while (!peer.request().empty())
            if (!peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "0\r\n\r\n")) return;
    });
    Sender sender;
    const SendResult fits = get(sender, upstream(sender, sender::url(one.port), 3000));
    assert_true(fits.whole && !fits.cut);
    assert_int_equal(fits.answer.size(), 3000);
    const SendResult longer = get(sender, upstream(sender, sender::url(one.port), 2999));
    assert_int_equal(longer.status, 200);
    assert_true(!longer.whole && longer.cut);
}

void an_answer_that_breaks_is_not_whole(void**) {
    Server one([](Peer& peer) {
        peer.request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"id\":");
    });
    Sender sender;
    const SendResult broken = get(sender, upstream(sender, sender::url(one.port)));
    assert_int_equal(broken.status, 200);
    assert_true(!broken.whole && !broken.cut);
}

void redirects_are_answers(void**) {
    Server* self = nullptr;
    Server one(noting(self, "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"));
    self = &one;
    Sender sender;
    assert_int_equal(get(sender, upstream(sender, sender::url(one.port))).status, 302);
    assert_int_equal(one.requests().size(), 1);
}

void its_certificate_is_known_its_own_way(void**) {
    static const tls::Identity ca = tls::make({nullptr, -3600, 3600, true, "test CA"});
    tls::Folder folder;
    const std::string pem = folder.pem("ca.pem", ca);
    Server one(tls::always(tls::server_context(tls::make({}, &ca)), server::ok));
    Sender sender;  // knows the system's authorities only
    const std::string url = "https://127.0.0.1:" + std::to_string(one.port) + "/";
    const auto delivery = sender.target(url);
    assert_int_equal(get(sender, upstream(sender, url)).error, SendError::tls);
    assert_int_equal(get(sender, upstream(sender, url, 1000, pem)).status, 200);
    assert_int_equal(sender.post(delivery).error, SendError::tls);
    assert_int_equal(get(sender, upstream(sender, url, 1000, "", false)).status, 200);
    assert_int_equal(sender.post(delivery).error, SendError::tls);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(only_the_question_passes_the_guard),
        cmocka_unit_test(a_handle_that_has_asked_delivers_as_before),
        cmocka_unit_test(the_cap_is_the_answers),
        cmocka_unit_test(an_answer_that_breaks_is_not_whole),
        cmocka_unit_test(redirects_are_answers),
        cmocka_unit_test(its_certificate_is_known_its_own_way),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
