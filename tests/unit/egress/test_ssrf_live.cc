// The rows of ssrf.tsv that need a connection: environment, redirects, reuse, name look-ups, what a log tells. Real
// sockets on loopback, the real libcurl with a scripted getaddrinfo. Which check covers which row is the table at the
// end; the file is longer than others so that the table and all its checks stand in one place: no row can be forgotten.
#include <ifaddrs.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "egress/address.h"
#include "egress/retry.h"
#include "tests/unit/egress/names.h"
#include "tests/unit/egress/rows.h"
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
using sender::url;
using server::Peer;
using server::Server;

namespace {

// A variable for as long as the object lives.
class Variable {
  public:
    Variable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
    ~Variable() { unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* name_;
};

// ---- environment

void proxies_are_ignored(std::initializer_list<const char*> names, const char* scheme) {
    Server decoy(server::always(server::ok));
    Server one(server::always(server::ok));
    std::vector<std::unique_ptr<Variable>> set;
    for (const char* name : names)
        set.push_back(
            std::make_unique<Variable>(name, scheme + std::string("127.0.0.1:") + std::to_string(decoy.port)));
    Sender sender;
    assert_int_equal(sender.post(sender.target(url(one.port))).status, 200);
    assert_int_equal(decoy.connections.load(), 0);
    assert_int_equal(one.connections.load(), 1);
    // To a forbidden address the proxy would be the allowed way round.
    assert_true(sender.post(sender.target("http://10.0.0.1/")).error == SendError::blocked);
    assert_int_equal(decoy.connections.load(), 0);
}

void no_proxy_does_not_matter() {
    Server one(server::always(server::ok));
    Variable all("NO_PROXY", "*");
    Sender sender;
    assert_int_equal(sender.post(sender.target(url(one.port))).status, 200);
}

void netrc_is_ignored() {
    tls::Folder home;
    std::ofstream(home.file(".netrc"))
        << "machine 127.0.0.1 login joe password secret\ndefault login joe password secret\n";
    std::filesystem::permissions(home.file(".netrc"), std::filesystem::perms::owner_read);
    Variable variable("HOME", home.file(""));
    Server* here = nullptr;
    Server one([&](Peer& peer) {
        here->note(peer.request());
        peer.write(server::ok);
    });
    here = &one;
    Sender sender;
    assert_int_equal(sender.post(sender.target(url(one.port))).status, 200);
    assert_null(strstr(one.requests()[0].c_str(), "Authorization"));
}

// SSLKEYLOGFILE was set by main(), before libcurl started.
const char* key_log = nullptr;

void key_log_is_not_written() {
    tls::Folder folder;
    const tls::Identity ca = tls::make({nullptr, -3600, 3600, true});
    const tls::Identity leaf = tls::make({}, &ca);
    Server one(tls::always(tls::server_context(leaf), server::ok));
    CurlOptions options;
    options.ca_file = folder.pem("ca.pem", ca);
    Sender sender(options);
    assert_int_equal(sender.post(sender.target("https://127.0.0.1:" + std::to_string(one.port) + "/")).status, 200);
    assert_false(std::filesystem::exists(key_log));
}

void only_the_configured_authority_counts() {
    tls::Folder folder;
    const tls::Identity theirs = tls::make({nullptr, -3600, 3600, true});
    const tls::Identity ours = tls::make({nullptr, -3600, 3600, true});
    const tls::Identity leaf = tls::make({}, &theirs);
    Server one(tls::always(tls::server_context(leaf), server::ok));
    const std::string foreign = folder.pem("theirs.pem", theirs);
    Variable bundle("CURL_CA_BUNDLE", foreign);
    Variable file("SSL_CERT_FILE", foreign);
    Variable path("SSL_CERT_DIR", folder.file(""));
    CurlOptions options;
    options.ca_file = folder.pem("ours.pem", ours);
    Sender sender(options);
    const SendResult result = sender.post(sender.target("https://127.0.0.1:" + std::to_string(one.port) + "/"));
    assert_true(result.error == SendError::tls);
}

// ---- redirects and other ways to send us elsewhere

void not_followed(int status, const std::string& location) {
    Server decoy(server::always(server::ok));
    std::string to = location;
    if (size_t at = to.find("127.0.0.1"); at != std::string::npos) to.insert(at + 9, ":" + std::to_string(decoy.port));
    Server one(server::always("HTTP/1.1 " + std::to_string(status) + " Elsewhere\r\nLocation: " + to +
                              "\r\nContent-Length: 0\r\n\r\n"));
    Sender sender;
    const SendResult result = sender.post(sender.target(url(one.port)));
    assert_int_equal(result.status, status);
    assert_true(result.error == SendError::none);
    assert_true(judge_result(result) == Verdict::retry);
    assert_int_equal(one.connections.load(), 1);
    assert_int_equal(decoy.connections.load(), 0);
}

void stays_here(const std::string& header) {
    Server decoy(server::always(server::ok));
    std::string line = header;
    line.replace(line.find("PORT"), 4, std::to_string(decoy.port));
    Server one(server::always("HTTP/1.1 200 OK\r\n" + line + "\r\nContent-Length: 2\r\n\r\nok"));
    Sender sender;
    auto to = sender.target(url(one.port));
    assert_int_equal(sender.post(to).status, 200);
    assert_int_equal(sender.post(to).status, 200);
    assert_int_equal(one.connections.load(), 1);
    assert_int_equal(decoy.connections.load(), 0);
}

// ---- reuse

void denied_by_a_reload() {
    Server one(server::always(server::ok));
    Sender sender;
    auto to = sender.target(url(one.port));
    assert_int_equal(sender.post(to).status, 200);
    sender.transport->set_guard(sender::guard_allowing({"127.0.0.1/32"}, {"127.0.0.1/32"}));
    assert_true(sender.post(to).error == SendError::blocked);
    // And without the drop of idle connections: one that another subscription may use is open, ours may not use it.
    Sender second({}, sender::guard_allowing({}));
    auto mine = second.target(url(one.port), 3000, 1000, {parse_network("127.0.0.1").value()});
    assert_int_equal(second.post(mine).status, 200);
    assert_true(second.post(second.target(url(one.port))).error == SendError::blocked);
    assert_true(second.post(mine).status == 200);
}

void two_names_share_nothing() {
    tls::Folder folder;
    std::string offered;
    const tls::Identity ca = tls::make({nullptr, -3600, 3600, true});
    const tls::Identity leaf = tls::make({"DNS:a.test,DNS:b.test"}, &ca);
    auto context = tls::server_context(leaf);
    SSL_CTX_set_alpn_select_cb(context.get(), tls::on_alpn, &offered);
    Server one(tls::always(context, server::ok));
    names::set("a.test", [](int) { return names::Record{{"127.0.0.1"}}; });
    names::set("b.test", [](int) { return names::Record{{"127.0.0.1"}}; });
    CurlOptions options;
    options.ca_file = folder.pem("ca.pem", ca);
    Sender sender(options);
    for (const char* name : {"a.test", "b.test", "a.test", "b.test"})
        assert_int_equal(
            sender.post(sender.target("https://" + std::string(name) + ":" + std::to_string(one.port) + "/")).status,
            200);
    assert_int_equal(one.connections.load(), 2);
    assert_true(offered == "\x08http/1.1");
}

// ---- names

void every_connection_is_judged() {
    Server one([](Peer& peer) {
        peer.request();
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    });
    // The first answer is allowed, the second is not: rebinding.
    names::set("rebind.test", [](int nth) { return names::Record{{nth == 0 ? "127.0.0.1" : "127.0.0.2"}}; });
    Sender sender;
    auto to = sender.target("http://rebind.test:" + std::to_string(one.port) + "/");
    assert_int_equal(sender.post(to).status, 200);
    sender.transport->set_guard(sender::guard_allowing({"127.0.0.1/32"}));  // with it goes libcurl's name cache
    assert_true(sender.post(to).error == SendError::blocked);
    assert_int_equal(one.connections.load(), 1);
    // Both answers in one look-up: whichever comes first, the attempt is off.
    names::set("mixed.test", [](int nth) {
        return nth == 0 ? names::Record{{"127.0.0.2", "127.0.0.1"}}
                        : names::Record{{"127.0.0.3", "127.0.0.2", "127.0.0.1"}};
    });
    assert_true(sender.post(sender.target("http://mixed.test:" + std::to_string(one.port) + "/")).error ==
                SendError::blocked);
    assert_int_equal(one.connections.load(), 1);
}

void at_most_eight_addresses() {
    uint16_t dead = 0;
    { dead = Server(server::always(server::ok)).port; }
    names::set("many.test", [](int) {
        names::Record record;
        for (int i = 0; i < 5000; ++i)
            record.addresses.push_back("127.1." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250));
        return record;
    });
    // The ninth address would answer: it is not tried. (libcurl 7.88 lets an address wait for up to half of what is
    // left of the connect timeout after one that refused, so which of the two ends comes first depends on the machine.)
    Server ninth(server::always(server::ok), "127.1.0.9");
    Sender sender({}, sender::guard_allowing({"127.0.0.0/8"}));
    for (uint16_t port : {dead, ninth.port}) {
        const SendResult none =
            sender.post(sender.target("http://many.test:" + std::to_string(port) + "/", 10000, 1000));
        assert_true(none.error == SendError::connect || none.error == SendError::timeout);
        assert_true(sender.took_ms < 5000);
    }
    assert_int_equal(ninth.connections.load(), 0);
}

void a_slow_resolver_blocks_nothing() {
    names::set("slow.test", [](int) { return names::Record{{"127.0.0.1"}, std::chrono::milliseconds(2500)}; });
    names::set("gone.test", [](int) { return names::Record{}; });
    Server one(server::always(server::ok));
    Sender sender;
    SendResult slow;
    bool done = false;
    const auto before = std::chrono::steady_clock::now();
    sender.start(sender.target("http://slow.test:" + std::to_string(one.port) + "/", 1500, 400), slow, done);
    auto fast = sender.target(url(one.port));
    int delivered = 0;
    int64_t longest = 0;
    while (!done) {
        assert_int_equal(sender.post(fast).status, 200);
        longest = std::max(longest, sender.took_ms);
        ++delivered;
    }
    const auto took = std::chrono::steady_clock::now() - before;
    assert_true(slow.error == SendError::timeout);
    assert_true(took >= std::chrono::milliseconds(300) && took < std::chrono::milliseconds(2400));
    assert_true(delivered > 1);
    assert_true(longest < 1500);  // the loop never waits for the look-up
    const SendResult gone = sender.post(sender.target("http://gone.test/"));
    assert_true(gone.error == SendError::resolve);
    assert_true(judge_result(gone) == Verdict::retry);
}

GuardVerdict judge(const Guard& guard, const char* address, uint16_t port) {
    Address one = parse_address(address).value();
    one.port = port;
    const sockaddr_storage raw = sockaddr_of(one);
    return guard.judge(reinterpret_cast<const sockaddr*>(&raw), sizeof raw);
}

void own_addresses_are_refused() {
    Guard::Rules rules;
    for (const char* text : {"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"})
        rules.allow.push_back(parse_network(text).value());
    rules.own = {"0.0.0.0:9180", "nonsense", "unix:/run/x", "[::1]:9443", "name:80"};
    const Guard guard(rules);
    assert_false(judge(guard, "127.0.0.1", 9180).allowed);
    assert_false(judge(guard, "127.0.0.2", 9443).allowed);
    assert_true(judge(guard, "127.0.0.1", 9181).allowed);
    assert_true(judge(guard, "8.8.8.8", 9180).allowed);
    // Every address of this machine, public ones too.
    ifaddrs* all = nullptr;
    assert_int_equal(getifaddrs(&all), 0);
    int seen = 0;
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
        const Address address = address_of(one->ifa_addr, sizeof(sockaddr_in)).value();
        assert_false(judge(guard, text_of(address).c_str(), 9180).allowed);
        ++seen;
    }
    freeifaddrs(all);
    assert_true(seen > 0);
}

void the_upstream_is_refused() {
    Guard::Rules rules;
    rules.allow = {parse_network("10.0.0.0/8").value(), parse_network("127.0.0.0/8").value()};
    rules.own = {"10.1.2.3:8000", "93.184.216.34:443"};
    const Guard guard(rules);
    assert_false(judge(guard, "10.1.2.3", 8000).allowed);
    assert_true(judge(guard, "10.1.2.3", 8001).allowed);
    assert_true(judge(guard, "10.1.2.4", 8000).allowed);
    assert_true(judge(guard, "127.0.0.1", 8000).allowed);  // the upstream's port here is not the upstream
    assert_false(judge(guard, "93.184.216.34", 443).allowed);
    // By name, as a delivery would meet it.
    Server one(server::always(server::ok));
    names::set("cms.test", [](int) { return names::Record{{"127.0.0.1"}}; });
    Sender sender({}, sender::guard_allowing({"127.0.0.0/8"}, {}, {"127.0.0.1:" + std::to_string(one.port)}));
    assert_true(sender.post(sender.target("http://cms.test:" + std::to_string(one.port) + "/")).error ==
                SendError::blocked);
    assert_int_equal(one.connections.load(), 0);
}

// ---- what a log tells

void refusals_tell_nothing() {
    Server open(server::always(server::ok));
    uint16_t closed = 0;
    { closed = Server(server::always(server::ok)).port; }
    names::set("internal.test", [](int) { return names::Record{{"10.0.0.5"}}; });
    Sender sender({}, sender::guard_allowing({}));
    for (const std::string& to : {url(open.port), url(closed), std::string("http://internal.test/"),
                                  std::string("http://169.254.169.254/latest/"), std::string("https://10.0.0.5/")}) {
        const SendResult result = sender.post(sender.target(to));
        assert_true(result.error == SendError::blocked);
        assert_string_equal(result.detail.c_str(), "the address is not allowed");
        assert_int_equal(result.duration_us, 0);
        assert_int_equal(result.status, 0);
        assert_true(result.answer.empty() && result.retry_after.empty() && !result.reused);
    }
}

void four_kilobytes_are_kept() {
    std::string body;
    for (int i = 0; i < 2000; ++i) body += std::to_string(i) + ' ';
    Server one(server::always("HTTP/1.1 500 Oh\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
    Sender sender;
    const SendResult result = sender.post(sender.target(url(one.port)));
    assert_int_equal(result.status, 500);
    assert_true(result.answer == body.substr(0, 4096));
}

const std::map<std::string, std::function<void()>> checks = {
    {"S286", [] { proxies_are_ignored({"http_proxy"}, "http://"); }},
    {"S287",
     [] {
         proxies_are_ignored({"https_proxy", "ALL_PROXY", "all_proxy"}, "socks5h://");
     }},
    {"S288",
     [] {
         proxies_are_ignored({"HTTP_PROXY", "HTTPS_PROXY"}, "http://");
     }},
    {"S289", no_proxy_does_not_matter},
    {"S290", netrc_is_ignored},
    {"S291", key_log_is_not_written},
    {"S292", only_the_configured_authority_counts},
    {"S293", [] { not_followed(301, "http://127.0.0.1/admin"); }},
    {"S294", [] { not_followed(302, "http://127.0.0.1/admin"); }},
    {"S295", [] { not_followed(303, "http://127.0.0.1/admin"); }},
    {"S296", [] { not_followed(307, "http://127.0.0.1/admin"); }},
    {"S297", [] { not_followed(308, "http://127.0.0.1/admin"); }},
    {"S298", [] { not_followed(302, "file:///etc/hostname"); }},
    {"S299", [] { not_followed(302, "//169.254.169.254/"); }},
    {"S300", [] { stays_here("Refresh: 0;url=http://127.0.0.1:PORT/"); }},
    {"S301", [] { stays_here("Alt-Svc: h2=\"127.0.0.1:PORT\""); }},
    {"S302", denied_by_a_reload},
    {"S303", two_names_share_nothing},
    {"S304", every_connection_is_judged},
    {"S305", at_most_eight_addresses},
    {"S306", a_slow_resolver_blocks_nothing},
    {"S307", own_addresses_are_refused},
    {"S308", the_upstream_is_refused},
    {"S309", refusals_tell_nothing},
    {"S310", four_kilobytes_are_kept},
};

void every_row(void**) {
    size_t covered = 0;
    for (const rows::Row& row : rows::load()) {
        if (rows::judged.count(row.kind) != 0) continue;
        const auto check = checks.find(row.id);
        if (rows::live.count(row.kind) == 0 || check == checks.end()) fail_msg("%s has no check", row.id.c_str());
        print_message("%s %s\n", row.id.c_str(), row.why.c_str());
        check->second();
        ++covered;
    }
    assert_int_equal(covered, checks.size());
}

}  // namespace

int main() {
    signal(SIGPIPE, SIG_IGN);  // the servers of this test write with OpenSSL
    tls::Folder folder;
    const std::string log = folder.file("keys");
    key_log = log.c_str();
    setenv("SSLKEYLOGFILE", key_log, 1);
    const CMUnitTest tests[] = {cmocka_unit_test(every_row)};
    return cmocka_run_group_tests_name("ssrf live", tests, nullptr, nullptr);
}
