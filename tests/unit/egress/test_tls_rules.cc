// [subscription.tls] on the wire: a private authority, pins, client certificates; what one target trusts or shows is
// never another's, whatever handle or connection was used before.
#include <csignal>
#include <cstring>
#include <list>
#include <string>

#include "crypto/certificate.h"
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
using server::Server;

namespace {

const tls::Identity& authority() {
    static const tls::Identity ca = tls::make({nullptr, -3600, 3600, true, "test CA"});
    return ca;
}

// Lets in who shows a certificate of that authority.
std::shared_ptr<SSL_CTX> asking(const tls::Identity& leaf, const tls::Identity& clients, int newest = 0) {
    auto context = tls::server_context(leaf, newest);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), clients.certificate.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return context;
}

struct Lab {
    tls::Folder folder;
    tls::Identity leaf = tls::make({}, &authority());
    tls::Identity client = tls::make({"DNS:us.test", -3600, 3600, false, "us"}, &authority());
    std::string ca = folder.pem("ca.pem", authority());
    std::string cert = folder.pem("us.pem", client);
    std::string key = folder.key("us.key", client);
    std::string pin = read_shown(tls::pem_of(leaf)).value().pin;
    std::list<Server> servers;  // they outlive the connections that the sender keeps open
    // Without anything of ours: the transport itself trusts nobody here.
    Sender sender{[this] {
        CurlOptions options;
        options.ca_file = folder.pem("nobody.pem", tls::make({nullptr, -3600, 3600, true, "nobody"}));
        return options;
    }()};

    Server& serve(server::Script script) { return servers.emplace_back(std::move(script)); }

    std::shared_ptr<Target> target(const Server& to, const std::function<void(TargetOptions&)>& change) {
        TargetOptions options;
        options.url = check_url("https://127.0.0.1:" + std::to_string(to.port) + "/", UrlRules()).value();
        options.timeout_ms = 3000;
        options.connect_timeout_ms = 2000;
        change(options);
        return sender.transport->target(options).value();
    }
    std::function<void(TargetOptions&)> trusting(const std::string& pinned = "", bool shown = false) {
        return [=, this](TargetOptions& options) {
            options.ca_file = ca;
            if (!pinned.empty()) options.pins = {pinned};
            if (shown) options.cert_file = cert;
            if (shown) options.key_file = key;
        };
    }
};

void expect(const SendResult& result, SendError error, const char* part) {
    if (result.error != error || strstr(result.detail.c_str(), part) == nullptr)
        fail_msg("%d %s: \"%s\"", result.status, std::string(name_of(result.error)).c_str(), result.detail.c_str());
}

// With TLS 1.3 the server's word may come after our request, and its reset may overtake that word.
void refused(const SendResult& result, int version) {
    if (version == TLS1_3_VERSION && result.error == SendError::reset) return;
    expect(result, SendError::tls, "alert");
}

void a_private_authority_counts_for_its_target_only(void**) {
    Lab lab;
    Server& one = lab.serve(tls::always(tls::server_context(lab.leaf), server::ok));
    const auto plain = lab.target(one, [](TargetOptions&) {});
    const auto ours = lab.target(one, lab.trusting());
    for (int i = 0; i < 3; ++i) {
        expect(lab.sender.post(plain), SendError::tls, "unable to get local issuer");
        const SendResult result = lab.sender.post(ours);
        assert_int_equal(result.status, 200);
        assert_int_equal(result.reused, i > 0);  // the refusals in between take nothing from it
    }
    const auto other = lab.target(one, [&](TargetOptions& options) {
        options.ca_file = lab.folder.pem("other.pem", tls::make({nullptr, -3600, 3600, true, "other"}));
    });
    expect(lab.sender.post(other), SendError::tls, "unable to get local issuer");
}

void a_pin_is_looked_at_whatever_connection_is_open(void**) {
    Lab lab;
    Server& one = lab.serve(tls::always(tls::server_context(lab.leaf), server::ok));
    const std::string wrong = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const auto free = lab.target(one, lab.trusting());
    const auto right = lab.target(one, lab.trusting(lab.pin));
    const auto pinned = lab.target(one, lab.trusting(wrong));
    assert_int_equal(lab.sender.post(free).status, 200);
    expect(lab.sender.post(pinned), SendError::tls, "none of the pinned ones");
    assert_int_equal(lab.sender.post(right).status, 200);
    expect(lab.sender.post(pinned), SendError::tls, "none of the pinned ones");
    // One of several is enough, and a pin does not make an unknown authority good.
    const auto either = lab.target(one, [&](TargetOptions& options) {
        options.ca_file = lab.ca;
        options.pins = {wrong, lab.pin};
    });
    assert_int_equal(lab.sender.post(either).status, 200);
    expect(lab.sender.post(lab.target(one, [&](TargetOptions& options) { options.pins = {lab.pin}; })), SendError::tls,
           "unable to get local issuer");
    // The handle that carried the pin forgets it.
    assert_int_equal(lab.sender.post(free).status, 200);
    assert_true(lab.sender.post(free).reused);
}

void a_client_certificate_is_shown_by_its_target_only(void**) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        Lab lab;
        Server& one = lab.serve(tls::always(asking(lab.leaf, authority(), version), server::ok));
        const auto nobody = lab.target(one, lab.trusting());
        const auto us = lab.target(one, lab.trusting("", true));
        refused(lab.sender.post(nobody), version);
        assert_int_equal(lab.sender.post(us).status, 200);
        assert_true(lab.sender.post(us).reused);
        refused(lab.sender.post(nobody), version);  // not over our open connection
        assert_int_equal(lab.sender.post(us).status, 200);
    }
}

// Same certificate file, other key: libcurl compares the first alone.
void another_key_is_another_connection(void**) {
    Lab lab;
    Server& one = lab.serve(tls::always(asking(lab.leaf, authority(), TLS1_2_VERSION), server::ok));
    const auto us = lab.target(one, lab.trusting("", true));
    const auto mixed = lab.target(one, [&](TargetOptions& options) {
        lab.trusting("", true)(options);
        options.key_file = lab.folder.key("other.key", tls::make({}, &authority()));
    });
    assert_int_equal(lab.sender.post(us).status, 200);
    expect(lab.sender.post(mixed), SendError::tls, "");
    assert_true(lab.sender.post(us).reused);
    // The key is locked: with its passphrase, with another one.
    lab.folder.put("locked.key", tls::key_of(lab.client, "opensesame"));
    for (const char* word : {"opensesame", "sesame"}) {
        const auto locked = lab.target(one, [&](TargetOptions& options) {
            lab.trusting("", true)(options);
            options.key_file = lab.folder.file("locked.key");
            options.key_passphrase = Secret(word);
        });
        const SendResult result = lab.sender.post(locked);
        assert_int_equal(result.status, strcmp(word, "opensesame") == 0 ? 200 : 0);
    }
}

void certificates_that_a_server_refuses(void**) {
    Lab lab;
    Server& one = lab.serve(tls::always(asking(lab.leaf, authority(), TLS1_2_VERSION), server::ok));
    const auto showing = [&](const tls::Identity& who) {
        return lab.target(one, [&](TargetOptions& options) {
            options.ca_file = lab.ca;
            options.cert_file = lab.folder.pem("who.pem", who);
            options.key_file = lab.folder.key("who.key", who);
        });
    };
    expect(lab.sender.post(showing(tls::make({"DNS:us.test", -7200, -3600, false, "us"}, &authority()))),
           SendError::tls, "");
    const tls::Identity stranger = tls::make({nullptr, -3600, 3600, true, "stranger"});
    expect(lab.sender.post(showing(tls::make({"DNS:us.test", -3600, 3600, false, "us"}, &stranger))), SendError::tls,
           "");
    const auto gone = lab.target(one, [&](TargetOptions& options) {
        options.ca_file = lab.ca;
        options.cert_file = options.key_file = lab.folder.file("none.pem");
    });
    expect(lab.sender.post(gone), SendError::tls, "none.pem");
}

void old_tls_is_refused_with_rules_too(void**) {
    Lab lab;
    Server& one = lab.serve(tls::always(tls::server_context(lab.leaf, TLS1_1_VERSION), server::ok));
    expect(lab.sender.post(lab.target(one, lab.trusting(lab.pin, true))), SendError::tls, "");
    Server& older = lab.serve(tls::always(tls::server_context(lab.leaf, TLS1_VERSION), server::ok));
    expect(lab.sender.post(lab.target(older, lab.trusting())), SendError::tls, "");
}

// A reload closes what was open with rules of their own, too.
void a_reload_closes_them_all(void**) {
    Lab lab;
    Server& one = lab.serve(tls::always(tls::server_context(lab.leaf), server::ok));
    const auto pinned = lab.target(one, lab.trusting(lab.pin));
    assert_int_equal(lab.sender.post(pinned).status, 200);
    lab.sender.transport->set_guard(sender::guard_allowing({"127.0.0.1/32"}));
    const SendResult again = lab.sender.post(pinned);
    assert_int_equal(again.status, 200);
    assert_false(again.reused);
    lab.sender.transport->set_guard(sender::guard_allowing({}));
    expect(lab.sender.post(pinned), SendError::blocked, "not allowed");
    assert_int_equal(one.connections.load(), 2);
}

}  // namespace

int main() {
    signal(SIGPIPE, SIG_IGN);  // the servers of this test write with OpenSSL
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_private_authority_counts_for_its_target_only),
        cmocka_unit_test(a_pin_is_looked_at_whatever_connection_is_open),
        cmocka_unit_test(a_client_certificate_is_shown_by_its_target_only),
        cmocka_unit_test(another_key_is_another_connection),
        cmocka_unit_test(certificates_that_a_server_refuses),
        cmocka_unit_test(old_tls_is_refused_with_rules_too),
        cmocka_unit_test(a_reload_closes_them_all),
    };
    return cmocka_run_group_tests_name("tls rules", tests, nullptr, nullptr);
}
