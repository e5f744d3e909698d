// TLS as it fails: each fault of the receiver's certificate or handshake is `tls` (or `timeout`) with the reason in the
// detail.
#include <csignal>
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

const tls::Identity& authority() {
    static const tls::Identity ca = tls::make({nullptr, -3600, 3600, true, "test CA"});
    return ca;
}

CurlOptions trusting(const tls::Folder& folder) {
    CurlOptions options;
    options.ca_file = folder.pem("ca.pem", authority());
    return options;
}

std::string https(const Server& one) { return "https://127.0.0.1:" + std::to_string(one.port) + "/"; }

SendResult post_to(const server::Script& script) {
    tls::Folder folder;
    Server one(script);
    Sender sender(trusting(folder));
    return sender.post(sender.target(https(one), 2000, 700));
}

void expect(const SendResult& result, SendError error, const char* part) {
    if (result.error != error || strstr(result.detail.c_str(), part) == nullptr)
        fail_msg("%s: \"%s\"", std::string(name_of(result.error)).c_str(), result.detail.c_str());
    assert_int_equal(result.status, 0);
}

void a_good_certificate(void**) {
    tls::Folder folder;
    Server one(tls::always(tls::server_context(tls::make({}, &authority())), server::ok));
    Sender sender(trusting(folder));
    auto to = sender.target(https(one));
    for (int i = 0; i < 3; ++i) {
        const SendResult result = sender.post(to);
        assert_int_equal(result.status, 200);
        assert_int_equal(result.reused, i > 0);
    }
    assert_int_equal(one.connections.load(), 1);
}

void bad_certificates(void**) {
    const tls::Identity other = tls::make({nullptr, -3600, 3600, true, "other CA"});
    auto serve = [](const tls::Identity& identity) { return tls::always(tls::server_context(identity), server::ok); };
    expect(post_to(serve(tls::make({"IP:127.0.0.1", -7200, -3600}, &authority()))), SendError::tls, "expired");
    expect(post_to(serve(tls::make({"IP:127.0.0.1", 3600, 7200}, &authority()))), SendError::tls, "not yet valid");
    expect(post_to(serve(tls::make({}))), SendError::tls, "self-signed");
    expect(post_to(serve(tls::make({}, &other))), SendError::tls, "unable to get local issuer");
    expect(post_to(serve(tls::make({"DNS:other.test"}, &authority()))), SendError::tls, "127.0.0.1");
}

void old_protocols(void**) {
    const tls::Identity leaf = tls::make({}, &authority());
    expect(post_to(tls::always(tls::server_context(leaf, TLS1_1_VERSION), server::ok)), SendError::tls, "");
    assert_int_equal(post_to(tls::always(tls::server_context(leaf, TLS1_2_VERSION), server::ok)).status, 200);
    assert_int_equal(post_to(tls::always(tls::server_context(leaf, TLS1_3_VERSION), server::ok)).status, 200);
}

void broken_handshakes(void**) {
    expect(post_to([](Peer& peer) { peer.wait_for_end(); }), SendError::timeout, "");  // it says nothing
    expect(post_to([](Peer& peer) { peer.write("HTTP/1.1 400 This is not TLS\r\n\r\n"); }), SendError::tls,
           "wrong version");
    const SendResult reset = post_to([](Peer& peer) { peer.reset(); });  // before or after connect() has returned
    assert_true(reset.error == SendError::tls || reset.error == SendError::connect);
    expect(post_to([](Peer& peer) { peer.drip(std::string(1000, '\x16'), 20); }), SendError::tls, "");
}

// A receiver that goes without saying so, after the head and before it.
void closes_without_notify(void**) {
    const tls::Identity leaf = tls::make({}, &authority());
    auto context = tls::server_context(leaf);
    auto serve = [&](const std::string& text) {
        return [&context, text](Peer& peer) {
            std::unique_ptr<SSL, tls::Free> ssl(SSL_new(context.get()));
            SSL_set_fd(ssl.get(), peer.fd());
            if (SSL_accept(ssl.get()) != 1) return;
            char buffer[4096];
            SSL_read(ssl.get(), buffer, sizeof buffer);
            if (!text.empty()) SSL_write(ssl.get(), text.data(), static_cast<int>(text.size()));
        };
    };
    assert_int_equal(post_to(serve("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")).status, 200);
    expect(post_to(serve("")), SendError::reset, "");
}

}  // namespace

int main() {
    signal(SIGPIPE, SIG_IGN);  // the servers of this test write with OpenSSL
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_good_certificate), cmocka_unit_test(bad_certificates),      cmocka_unit_test(old_protocols),
        cmocka_unit_test(broken_handshakes),  cmocka_unit_test(closes_without_notify),
    };
    return cmocka_run_group_tests_name("tls", tests, nullptr, nullptr);
}
