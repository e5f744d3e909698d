// Networks, what a list may open and what it may never, the order of the rules.
#include <netinet/in.h>

#include <cstring>
#include <string>

#include "egress/address.h"
#include "egress/guard.h"
#include "egress/resolver.h"

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

namespace {

std::vector<Network> networks(std::initializer_list<const char*> texts) {
    std::vector<Network> out;
    for (const char* text : texts) out.push_back(parse_network(text).value());
    return out;
}

GuardVerdict judge(const Guard& guard, const char* text, const std::vector<Network>& extra = {}, uint16_t port = 443) {
    Address address = parse_address(text).value();
    address.port = port;
    const sockaddr_storage one = sockaddr_of(address);
    return guard.judge(reinterpret_cast<const sockaddr*>(&one), sizeof one, extra);
}

Guard allowing(std::initializer_list<const char*> allow, std::initializer_list<const char*> deny = {},
               bool nat64 = false) {
    Guard::Rules rules;
    rules.allow = networks(allow);
    rules.deny = networks(deny);
    rules.nat64 = nat64;
    return Guard(std::move(rules));
}

void says(const GuardVerdict& verdict, bool allowed, const char* why) {
    if (verdict.allowed != allowed || verdict.why != why) fail_msg("%d: %s", verdict.allowed, verdict.why.c_str());
}

void networks_are_read_strictly(void**) {
    const std::pair<const char*, const char*> right[] = {
        {"10.0.0.0/8", "10.0.0.0/8"},      {"0.0.0.0/0", "0.0.0.0/0"},
        {"192.0.2.7", "192.0.2.7/32"},     {"::/0", "::/0"},
        {"fd00::/8", "fd00::/8"},          {"::1", "::1/128"},
        {"fe80::/10", "fe80::/10"},        {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
        {"198.18.0.0/15", "198.18.0.0/15"}};
    for (auto [text, shown] : right) assert_string_equal(text_of(parse_network(text).value()).c_str(), shown);
    for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10/8", "010.0.0.0/8",
                             "::/129", "[::1]", "localhost", "10.0.0.0/08/1", "fe80::1%lo"})
        assert_false(parse_network(text).ok());
    const Result<Network> loose = parse_network("10.20.1.1/16");
    assert_false(loose.ok());
    assert_non_null(strstr(loose.fault().text.c_str(), "did you mean 10.20.0.0/16?"));
}

void contains_by_bits(void**) {
    auto in = [](const char* network, const char* address) {
        return contains(parse_network(network).value(), parse_address(address).value().bytes.data());
    };
    assert_true(in("10.0.0.0/8", "10.255.255.255"));
    assert_false(in("10.0.0.0/8", "11.0.0.0"));
    assert_true(in("198.18.0.0/15", "198.19.0.1"));
    assert_false(in("198.18.0.0/15", "198.20.0.0"));
    assert_true(in("0.0.0.0/0", "1.2.3.4"));
    assert_false(in("0.0.0.0/0", "2606:4700::1"));
    assert_true(in("::/0", "2606:4700::1"));
    assert_false(in("::/0", "1.2.3.4"));
    assert_true(in("10.0.0.0/8", "::ffff:10.1.1.1"));
    assert_true(in("fe80::/10", "febf::1"));
    assert_false(in("fe80::/10", "fec0::1"));
}

void lists_open_private_networks(void**) {
    const Guard guard = allowing({"10.20.0.0/16", "fd12:3456::/32"});
    says(judge(guard, "10.20.0.5"), true, "private (allowed by 10.20.0.0/16)");
    says(judge(guard, "::ffff:10.20.0.5"), true, "private (allowed by 10.20.0.0/16)");
    says(judge(guard, "10.21.0.5"), false, "private");
    says(judge(guard, "fd12:3456::1"), true, "ula (allowed by fd12:3456::/32)");
    says(judge(guard, "fd12:3457::1"), false, "ula");
    says(judge(guard, "8.8.8.8"), true, "public");
    // The subscription's own list is for that subscription.
    says(judge(guard, "192.168.1.1", networks({"192.168.1.0/24"})), true, "private (allowed by 192.168.1.0/24)");
    says(judge(guard, "192.168.1.1"), false, "private");
}

// Whatever is listed, these stay closed.
void never_opened(void**) {
    const Guard guard =
        allowing({"0.0.0.0/0", "::/0", "169.254.0.0/16", "169.254.169.254", "fe80::/10", "fd00:ec2::/32",
                  "fd00:ec2::254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "0.0.0.0", "::", "224.0.0.0/4",
                  "255.255.255.255", "ff00::/8", "64:ff9b::/96", "2002::/16", "::ffff:0:0:0/96", "::/96"});
    for (const char* text : {"169.254.0.1",
                             "169.254.169.254",
                             "169.254.170.2",
                             "fe80::1",
                             "fd00:ec2::254",
                             "fd00:ec2::23",
                             "fd20:ce::254",
                             "fd00:c1::a9fe:a9fe",
                             "168.63.129.16",
                             "100.100.100.200",
                             "192.0.0.192",
                             "0.0.0.0",
                             "0.1.2.3",
                             "::",
                             "224.0.0.1",
                             "239.255.255.255",
                             "255.255.255.255",
                             "ff02::1",
                             "64:ff9b::7f00:1",
                             "64:ff9b::a9fe:a9fe",
                             "2002:a9fe:a9fe::1",
                             "::ffff:0:127.0.0.1",
                             "::7f00:1",
                             "::ffff:169.254.169.254",
                             "2001:470:1:1:0:5efe:a9fe:a9fe",
                             "2001:470:1:1:200:5efe:7f00:1"})
        if (judge(guard, text).allowed) fail_msg("%s is open", text);
    for (const char* text :
         {"10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "240.0.0.1", "fd01::1", "192.0.2.1", "198.18.0.1"})
        if (!judge(guard, text).allowed) fail_msg("%s is closed", text);
}

// Loopback needs a network that means loopback: a broad one does not open it by accident.
void loopback_by_name_only(void**) {
    for (const char* wide : {"0.0.0.0/0", "::/0", "126.0.0.0/7", "::/127"}) {
        assert_false(judge(allowing({wide}), "127.0.0.1").allowed);
        assert_false(judge(allowing({wide}), "::1").allowed);
    }
    says(judge(allowing({"127.0.0.0/8"}), "127.0.0.1"), true, "loopback (allowed by 127.0.0.0/8)");
    says(judge(allowing({"127.0.0.1"}), "127.0.0.2"), false, "loopback");
    says(judge(allowing({"127.0.0.0/8"}), "::1"), false, "loopback");
    says(judge(allowing({"::1"}), "::1"), true, "loopback (allowed by ::1/128)");
}

void deny_comes_first(void**) {
    const Guard guard = allowing({"10.0.0.0/8"}, {"10.9.0.0/16", "93.184.216.0/24"});
    says(judge(guard, "10.9.0.1"), false, "private (denied by 10.9.0.0/16)");
    says(judge(guard, "10.8.0.1"), true, "private (allowed by 10.0.0.0/8)");
    says(judge(guard, "93.184.216.34"), false, "public (denied by 93.184.216.0/24)");
    says(judge(guard, "10.9.0.1", networks({"10.9.0.0/16"})), false, "private (denied by 10.9.0.0/16)");
}

void nat64_is_a_switch(void**) {
    const Guard on = allowing({"10.0.0.0/8"}, {"9.9.9.9"}, true);
    says(judge(allowing({}), "64:ff9b::808:808"), false, "nat64");
    says(judge(on, "64:ff9b::808:808"), true, "public");
    says(judge(on, "64:ff9b::7f00:1"), false, "loopback");
    says(judge(on, "64:ff9b::a9fe:a9fe"), false, "link-local");
    says(judge(on, "64:ff9b::a00:1"), true, "private (allowed by 10.0.0.0/8)");
    says(judge(on, "64:ff9b::909:909"), false, "public (denied by 9.9.9.9/32)");
    says(judge(on, "64:ff9b:1::808:808"), false, "nat64-local");
}

void isatap_over_public(void**) {
    says(judge(Guard(), "2001:470:1:1:0:5efe:808:808"), true, "public");
    says(judge(Guard(), "2001:470:1:1:0:5efe:a00:1"), false, "isatap of a blocked v4");
}

void only_ip(void**) {
    sockaddr_storage one{};
    for (int family : {AF_UNIX, AF_UNSPEC, AF_NETLINK}) {
        one.ss_family = static_cast<sa_family_t>(family);
        assert_false(Guard().judge(reinterpret_cast<const sockaddr*>(&one), sizeof one).allowed);
    }
    one = sockaddr_of(parse_address("8.8.8.8").value());
    assert_true(Guard().judge(reinterpret_cast<const sockaddr*>(&one), sizeof(sockaddr_in)).allowed);
    assert_false(Guard().judge(reinterpret_cast<const sockaddr*>(&one), sizeof(sockaddr_in) - 1).allowed);
    assert_false(Guard().judge(nullptr, 0).allowed);
}

class Fixed : public Resolver {
  public:
    explicit Fixed(std::vector<Address> found) : found_(std::move(found)) {}
    Result<std::vector<Address>> resolve(const std::string&) const override {
        ++asked;
        return found_;
    }
    mutable int asked = 0;

  private:
    std::vector<Address> found_;
};

void texts(void**) {
    const Guard guard = allowing({"127.0.0.0/8", "10.0.0.0/8"});
    const Fixed nothing({});
    says(guard.judge_text("127.0.0.1", nothing), true, "loopback (allowed by 127.0.0.0/8)");
    says(guard.judge_text("http://127.0.0.1:9000/hook", nothing), true, "loopback (allowed by 127.0.0.0/8)");
    says(guard.judge_text("fe80::1", nothing), false, "link-local");
    says(guard.judge_text("http://localhost:9000/", nothing), false, "::1 is loopback");
    says(allowing({"127.0.0.0/8", "::1"}).judge_text("http://localhost:9000/", nothing), true,
         "loopback (allowed by ::1/128)");
    assert_int_equal(nothing.asked, 0);
    says(guard.judge_text("http://nobody.test/", nothing), false, "the name has no address");
    const Fixed two({parse_address("8.8.8.8").value(), parse_address("192.168.1.1").value()});
    says(guard.judge_text("https://two.test/", two), false, "192.168.1.1 is private");
    assert_non_null(strstr(guard.judge_text("nonsense", nothing).why.c_str(), "no scheme"));
    // The real resolver: a name that RFC 6761 forbids to exist.
    assert_false(guard.judge_text("http://nobody.invalid/").allowed);
    Guard::Rules rules;
    rules.urls.extra_ports = {25};
    rules.own = {"8.8.8.8:8080"};
    const Guard ours(rules);
    says(ours.judge_text("http://8.8.8.8:25/", nothing), true, "public");
    assert_false(guard.judge_text("http://8.8.8.8:25/", nothing).allowed);
    says(ours.judge_text("http://8.8.8.8:8080/", nothing), false, "own address or the upstream's");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(networks_are_read_strictly),
        cmocka_unit_test(contains_by_bits),
        cmocka_unit_test(lists_open_private_networks),
        cmocka_unit_test(never_opened),
        cmocka_unit_test(loopback_by_name_only),
        cmocka_unit_test(deny_comes_first),
        cmocka_unit_test(nat64_is_a_switch),
        cmocka_unit_test(isatap_over_public),
        cmocka_unit_test(only_ip),
        cmocka_unit_test(texts),
    };
    return cmocka_run_group_tests_name("guard", tests, nullptr, nullptr);
}
