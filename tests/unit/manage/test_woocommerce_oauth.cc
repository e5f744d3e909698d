// The signatures that WooCommerce's own clients sent when they were recorded, checked by the rules of ours; RFC 5849's
// example of a base string.

#include <fstream>
#include <string>

#include "json/tree.h"
#include "manage/woocommerce/oauth.h"
#include "url/target.h"

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

// "Host: 127.0.0.1:8120", in any case.
std::string host_of(const json_t* headers) {
    size_t at = 0;
    json_t* one = nullptr;
    json_array_foreach(const_cast<json_t*>(headers), at, one) {
        const std::string line = json_string_value(one);
        if (equal_nocase(line.substr(0, 6), "host: ")) return line.substr(6);
    }
    return "";
}

std::string value_of(const Fields& fields, std::string_view name) {
    std::string out;
    for (const Field& field : fields)
        if (field.name == name) out = field.value;
    return out;
}

void recorded_signatures_fit(void**) {
    std::ifstream file(TROTLINE_TESTS_DIR "/cases/traffic/clients/woocommerce-clients-http.jsonl");
    int with = 0;
    int without = 0;
    for (std::string line; std::getline(file, line);) {
        const Result<Json> parsed = parse_json(line);
        assert_true(parsed.ok());
        const std::string target(text_of(parsed.value().get(), "url"));
        const Fields query = parse_query(query_of(target));
        const std::string given = woo::read_signature(value_of(query, "oauth_signature"));
        if (given.empty()) continue;
        const std::string url =
            "http://" + host_of(json_object_get(parsed.value().get(), "headers")) + std::string(path_of(target));
        const std::string base = woo::oauth_base(text_of(parsed.value().get(), "method"), url, query);
        const Digest digest = *woo::oauth_digest(value_of(query, "oauth_signature_method"));
        if (base64(Hmac(digest, "cs_y&").sign({base})) == given) ++with;
        if (base64(Hmac(digest, "cs_y").sign({base})) == given) ++without;
    }
    assert_int_equal(with, 30);
    assert_int_equal(without, 4);  // versions 1 and 2 of the legacy API
}

// RFC 5849 3.4.1.1, less its token, and less the second "a3": PHP knows one value of a name.
void the_rfcs_base_string(void**) {
    const Fields params{{"b5", "=%3D"},
                        {"a3", "a"},
                        {"c@", ""},
                        {"a2", "r b"},
                        {"c2", ""},
                        {"oauth_consumer_key", "9djdj82h48djs9d2"},
                        {"oauth_signature_method", "HMAC-SHA1"},
                        {"oauth_timestamp", "137131201"},
                        {"oauth_nonce", "7d8f3e4a"},
                        {"oauth_signature", "bYT5CMsGcbgUdFHObYMEfcx6bsw="}};
    const std::string want =
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26"
        "oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26"
        "oauth_timestamp%3D137131201";
    assert_string_equal(woo::oauth_base("POST", "http://example.com/request", params).c_str(), want.c_str());
}

void of_one_name_the_last_counts_but_not_in_a_list(void**) {
    assert_string_equal(woo::oauth_base("GET", "http://a/", {{"x", "1"}, {"x", "2"}}).c_str(),
                        "GET&http%3A%2F%2Fa%2F&x%3D2");
    assert_string_equal(woo::oauth_base("GET", "http://a/", {{"x[]", "2"}, {"x[]", "1"}}).c_str(),
                        "GET&http%3A%2F%2Fa%2F&x%255B%255D%3D1%26x%255B%255D%3D2");
}

void the_header_is_read(void**) {
    const Fields fields =
        woo::oauth_header("OAuth realm=\"a, b\", oauth_nonce=\"x%20y\",oauth_timestamp=7, oauth_token=\"\"");
    assert_string_equal(value_of(fields, "oauth_nonce").c_str(), "x y");
    assert_string_equal(value_of(fields, "oauth_timestamp").c_str(), "7");
    assert_int_equal(fields.size(), 3);
    assert_true(woo::oauth_header("Basic eDp5").empty() && woo::oauth_header("").empty());
    assert_false(woo::oauth_digest("PLAINTEXT").has_value());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(recorded_signatures_fit),
        cmocka_unit_test(the_rfcs_base_string),
        cmocka_unit_test(of_one_name_the_last_counts_but_not_in_a_list),
        cmocka_unit_test(the_header_is_read),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
