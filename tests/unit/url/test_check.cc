// What the URL check accepts and how it writes it down; what it refuses, and that it says why. The attacks are in
// tests/unit/egress/test_ssrf.cc; here are the shapes.
#include <cstring>
#include <string>

#include "url/check.h"
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

namespace {

void accepted(void**) {
    struct Case {
        const char *given, *text, *host;
        bool https, literal;
        int port;
        const char* path;
    };
    const Case cases[] = {
        {"http://example.com", "http://example.com/", "example.com", false, false, 80, "/"},
        {"HTTPS://Example.COM./Hook?A=b&c", "https://example.com/Hook?A=b&c", "example.com", true, false, 443,
         "/Hook?A=b&c"},
        {"https://example.com?x=1", "https://example.com/?x=1", "example.com", true, false, 443, "/?x=1"},
        {"http://example.com:/", "http://example.com/", "example.com", false, false, 80, "/"},
        {"http://example.com:80/", "http://example.com:80/", "example.com", false, false, 80, "/"},
        {"https://8.8.4.4:8443/a/../b", "https://8.8.4.4:8443/a/../b", "8.8.4.4", true, true, 8443, "/a/../b"},
        {"http://[2606:4700:0:0::1111]:8080/", "http://[2606:4700::1111]:8080/", "2606:4700::1111", false, true, 8080,
         "/"},
        {"http://b\xc3\xbc"
         "cher.example/",
         "http://xn--bcher-kva.example/", "xn--bcher-kva.example", false, false, 80, "/"},
        {"http://stra\xc3\x9f"
         "e.example/",
         "http://xn--strae-oqa.example/", "xn--strae-oqa.example", false, false, 80, "/"},
        {"http://my_service:9000/hook@x:y", "http://my_service:9000/hook@x:y", "my_service", false, false, 9000,
         "/hook@x:y"},
        {"http://1.example/", "http://1.example/", "1.example", false, false, 80, "/"},
        {"http://0x7f.example/", "http://0x7f.example/", "0x7f.example", false, false, 80, "/"},
    };
    for (const Case& one : cases) {
        const Result<CheckedUrl> url = check_url(one.given, {});
        if (!url) fail_msg("%s: %s", one.given, url.fault().text.c_str());
        assert_string_equal(url.value().text.c_str(), one.text);
        assert_string_equal(url.value().host.c_str(), one.host);
        assert_int_equal(url.value().https, one.https);
        assert_int_equal(url.value().literal, one.literal);
        assert_int_equal(url.value().port, one.port);
        assert_string_equal(url.value().path.c_str(), one.path);
    }
}

void refused(void**) {
    const std::string label(64, 'a');
    const std::pair<std::string, const char*> cases[] = {
        {"", "empty"},
        {"example.com", "no scheme"},
        {"http:/example.com", "not followed by //"},
        {"ftp://example.com/", "neither http nor https"},
        {"http://", "no host"},
        {"http:///x", "no host"},
        {"http://:80/", "no host"},
        {"http://./", "no host"},
        {"http://user@example.com/", "user name"},
        {"http://example.com/#top", "fragment"},
        {"http://example.com/a b", "space or a control byte"},
        {"http://example.com/\x7f", "space or a control byte"},
        {"http://example.com\\x", "backslash"},
        {"http://example.com/\xc3\xbc", "percent-encode"},
        {"http://exa%6dple.com/", "percent-encoded"},
        {"http://exa!mple.com/", "no DNS name has"},
        {"http://-a.example/", "hyphen"},
        {"http://a-.example/", "hyphen"},
        {"http://a..example/", "empty label"},
        {"http://.example/", "empty label"},
        {"http://" + label + ".example/", "63"},
        {"http://" + std::string(63, 'a') + "." + std::string(63, 'a') + "." + std::string(63, 'a') + "." +
             std::string(63, 'a') + "/",
         "253"},
        {"http://127.1/", "unusual spelling"},
        {"http://8.8.8.8./", "unusual spelling"},
        {"http://a.0x10/", "unusual spelling"},
        {"http://[fe80::1%25lo]/", "zone id"},
        {"http://[1.2.3.4]/", "not an IPv6"},
        {"http://[::1/", "no closing bracket"},
        {"http://[::1]x/", "between the IPv6"},
        {"http://example.com:0/", "1 to 65535"},
        {"http://example.com:65536/", "1 to 65535"},
        {"http://example.com:080/", "1 to 65535"},
        {"http://example.com:8 0/", "space"},
        {"http://example.com:80x/", "1 to 65535"},
        {"http://example.com:22/", "port 22"},
        {"http://example.com:6379/", "port 6379"},
        {"http://example.com:1023/", "port 1023"},
        {"http://\xff\xfe.example/", "international"},
        {"http://\xe2\x93\x9bocalhost/", "look-alike"},
        {"http://example.com/" + std::string(2040, 'a'), "2,048"},
    };
    for (const auto& [given, why] : cases) {
        const Result<CheckedUrl> url = check_url(given, {});
        if (url.ok()) fail_msg("%s is accepted", given.c_str());
        assert_int_equal(url.fault().code, Code::refused);
        if (strstr(url.fault().text.c_str(), why) == nullptr)
            fail_msg("%s: %s", given.c_str(), url.fault().text.c_str());
    }
    assert_true(check_url("http://example.com/" + std::string(2048 - 19, 'a'), {}).ok());
}

void ports(void**) {
    UrlRules rules;
    rules.extra_ports = {25, 6379};
    for (int port : {25, 80, 443, 1024, 6379, 8080, 9000, 9443, 32768, 65535})
        assert_true(check_url("http://example.com:" + std::to_string(port) + "/", rules).ok());
    for (int port : {1, 22, 81, 465, 3306, 5432, 11211, 27017})
        assert_false(check_url("http://example.com:" + std::to_string(port) + "/", rules).ok());
}

void redacted(void**) {
    const std::pair<const char*, const char*> cases[] = {
        {"https://a.example/x", "https://a.example/x"},
        {"https://a.example/x?", "https://a.example/x?"},
        {"https://a.example/x?token=abc&b=&c", "https://a.example/x?token=…&b=…&…"},
        {"https://a.example/x?SECRET", "https://a.example/x?…"},
        {"https://a.example/x?a=b=c&&d=1?2", "https://a.example/x?a=…&&d=…"},
    };
    for (auto [given, want] : cases) assert_string_equal(redacted_url(given).c_str(), want);
}

void headers(void**) {
    assert_true(check_header("X-Foo", "Bar").ok());
    assert_true(check_header("X-Foo", "caf\xc3\xa9\t1").ok());
    assert_true(check_header("Authorization", "Bearer x").ok());
    const std::pair<Field, const char*> wrong[] = {{{"", "x"}, "token"},
                                                   {{"X Y", "x"}, "token"},
                                                   {{"X:Y", "x"}, "token"},
                                                   {{"X\r\nY", "x"}, "token"},
                                                   {{"host", "x"}, "itself"},
                                                   {{"Content-LENGTH", "1"}, "itself"},
                                                   {{"TE", "trailers"}, "itself"},
                                                   {{"X-Y", ""}, "no value"},
                                                   {{"X-Y", "a\nb"}, "line break"},
                                                   {{"X-Y", std::string("a\0b", 3)}, "line break"},
                                                   {{"X-Y", "a\x7f"}, "line break"}};
    for (const auto& [field, why] : wrong) {
        const Result<void> result = check_header(field.name, field.value);
        assert_false(result.ok());
        assert_non_null(strstr(result.fault().text.c_str(), why));
        for (char c : result.fault().text) assert_true(static_cast<unsigned char>(c) >= 0x20);
    }
    const Result<Field> field = read_header("X-Foo:  Bar ");
    assert_true(field.ok());
    assert_string_equal(field.value().name.c_str(), "X-Foo");
    assert_string_equal(field.value().value.c_str(), "Bar");
    assert_false(read_header("no colon").ok());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(accepted), cmocka_unit_test(refused), cmocka_unit_test(ports),
        cmocka_unit_test(redacted), cmocka_unit_test(headers),
    };
    return cmocka_run_group_tests_name("url check", tests, nullptr, nullptr);
}
