// The rows of ssrf.tsv that need no connection: addresses, URLs (names through a scripted resolver with the records the
// rows speak of), headers, options. Which check covers which row is the table below; a row without one fails.
#include <netinet/in.h>
#include <sys/un.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>

#include "egress/address.h"
#include "egress/resolver.h"
#include "tests/unit/egress/rows.h"
#include "tests/unit/egress/sender.h"
#include "tests/unit/egress/server.h"
#include "url/header.h"

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
using rows::Row;

namespace {

class Scripted : public Resolver {
  public:
    Result<std::vector<Address>> resolve(const std::string& host) const override {
        static const std::map<std::string, std::vector<const char*>> records = {
            {"pub.test", {"8.8.8.8"}},
            {"pub6.test", {"2606:4700:4700::1111"}},
            {"xn--bcher-kva.test", {"8.8.8.8"}},
            {"loop.test", {"127.0.0.1"}},
            {"cname.test", {"127.0.0.1"}},
            {"private.test", {"10.0.0.5"}},
            {"meta.test", {"169.254.169.254"}},
            {"metadata.google.internal", {"169.254.169.254"}},
            {"loop6.test", {"::1"}},
            {"ip6-localhost", {"::1"}},
            {"mapped.test", {"::ffff:127.0.0.1"}},
            {"nat64.test", {"64:ff9b::7f00:1"}},
            {"mixed.test", {"8.8.8.8", "127.0.0.1"}},
            {"zero.test", {"0.0.0.0"}},
            {"127.0.0.1.wild.test", {"127.0.0.1"}},
            {"ula.test", {"fd00::5"}},
            {"rebind.test", {"127.0.0.1"}},  // its second answer; the first one is test_ssrf_live's
        };
        const auto found = records.find(host);
        if (found == records.end()) return Fault{Code::network, "NXDOMAIN"};
        std::vector<Address> out;
        for (const char* text : found->second) out.push_back(parse_address(text).value());
        return out;
    }
};

bool address_allowed(const Row& row) {
    const std::optional<Address> address = parse_address(row.input);
    assert_true(address.has_value());
    const bool open = classify(address->bytes.data(), false) == "public";
    const sockaddr_storage one = sockaddr_of(*address);
    const bool allowed = Guard().judge(reinterpret_cast<const sockaddr*>(&one), sizeof one).allowed;
    assert_int_equal(open, allowed);
    assert_int_equal(Guard().judge_text(row.input).allowed, allowed);
    return allowed;
}

bool url_allowed(const Row& row) {
    const GuardVerdict verdict = Guard().judge_text(row.input, Scripted());
    assert_false(verdict.why.empty());
    return verdict.allowed;
}

bool header_allowed(const Row& row) {
    const Result<Field> field = read_header(row.input);
    if (!field) return false;
    const std::string name = lower(field.value().name);
    return name.rfind("webhook-", 0) != 0;  // reserved by the format (Format::reserved)
}

bool user_agent_allowed(const Row& /*row*/) {
    sender::Sender sender;
    CurlOptions options;
    options.base = sender.base;
    options.guard = std::make_shared<const Guard>();
    options.user_agent = "ua\r\nX-Inj: 1";
    return make_curl_transport(options).ok();
}

// Does a delivery with this header leave? The receiver must see nothing of one that does not.
bool header_leaves(const Field& field) {
    server::Server one(server::always(server::ok));
    sender::Sender sender;
    const SendResult result = sender.post(sender.target(sender::url(one.port)), "{}", {field});
    assert_int_equal(one.connections.load(), result.status == 200 ? 1 : 0);
    return result.status == 200;
}

bool bearer_allowed(const Row& /*row*/) {
    return check_header("Authorization", "Bearer tok\r\nX-Inj: 1").ok() ||
           header_leaves({"Authorization", "Bearer tok\r\nX-Inj: 1"});
}

bool basic_allowed(const Row& /*row*/) {  // base64 of "u:p\r\nX: y"
    return check_header("Authorization", "Basic dTpwDQpYOiB5").ok() &&
           header_leaves({"Authorization", "Basic dTpwDQpYOiB5"});
}

bool topic_allowed(const Row& /*row*/) { return header_leaves({"X-WC-Webhook-Topic", "order.created\r\nX: 1"}); }

bool unix_allowed(const Row& /*row*/) {
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    return Guard().judge(reinterpret_cast<const sockaddr*>(&path), sizeof path).allowed;
}

// Options that would lead around the guard, and the method: nobody may set them, so no source may name them.
bool some_source_sets(std::initializer_list<const char*> options) {
    bool read = false;
    for (const auto& entry : std::filesystem::directory_iterator(TROTLINE_TESTS_DIR "/../module/egress")) {
        std::stringstream text;
        text << std::ifstream(entry.path()).rdbuf();
        for (const char* option : options)
            if (text.str().find(option) != std::string::npos) return true;
        read = read || text.str().find("CURLOPT_OPENSOCKETFUNCTION") != std::string::npos;
    }
    assert_true(read);
    return false;
}

// A method is one of our words, never anybody's text.
bool method_allowed(const Row&) {
    bool allowed = false;
    for (const auto& entry : std::filesystem::directory_iterator(TROTLINE_TESTS_DIR "/../module/egress")) {
        std::ifstream file(entry.path());
        for (std::string line; std::getline(file, line);)
            if (line.find("CURLOPT_CUSTOMREQUEST") != std::string::npos)
                allowed = allowed ||
                          line.find("CURLOPT_CUSTOMREQUEST, asking_ ? \"OPTIONS\" : nullptr)") == std::string::npos;
    }
    return allowed;
}

const std::map<std::string, std::function<bool(const Row&)>> option_checks = {
    {"S278", user_agent_allowed},
    {"S279", bearer_allowed},
    {"S280", method_allowed},
    {"S281", basic_allowed},
    {"S282", topic_allowed},
    {"S283",
     [](const Row& row) {
         return unix_allowed(row) || some_source_sets({"UNIX_SOCKET", "ABSTRACT_UNIX"});
     }},
    {"S284",
     [](const Row&) {
         return some_source_sets({"CURLOPT_CONNECT_TO", "CURLOPT_RESOLVE"});
     }},
    {"S285", [](const Row&) { return some_source_sets({"CURLOPT_DOH"}); }},
};

void every_row(void**) {
    const std::map<std::string, std::function<bool(const Row&)>> by_kind = {
        {"addr", address_allowed},
        {"url", url_allowed},
        {"header", header_allowed},
        {"option",
         [](const Row& row) {
             const auto check = option_checks.find(row.id);
             if (check == option_checks.end()) fail_msg("%s has no check", row.id.c_str());
             return check->second(row);
         }},
    };
    int covered = 0;
    int wrong = 0;
    for (const Row& row : rows::load()) {
        if (rows::live.count(row.kind) != 0) continue;
        const auto check = by_kind.find(row.kind);
        if (check == by_kind.end()) fail_msg("%s: kind %s has no check", row.id.c_str(), row.kind.c_str());
        ++covered;
        if (check->second(row) == row.allow) continue;
        ++wrong;
        print_error("%s %s should be %s: %s\n", row.id.c_str(), row.input.c_str(), row.allow ? "allowed" : "blocked",
                    row.why.c_str());
    }
    assert_int_equal(covered, 157 + 102 + 18 + 8);
    assert_int_equal(rows::load().size(), 310);
    assert_int_equal(wrong, 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(every_row)};
    return cmocka_run_group_tests_name("ssrf", tests, nullptr, nullptr);
}
