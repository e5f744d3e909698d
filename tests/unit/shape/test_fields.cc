// Members that are left out, hidden or hashed: every other byte stays, and nothing that is hidden is in what comes out.
#include "shape/fields.h"
#include "tests/unit/store/store_fixture.h"

namespace {

using trot::FieldRules;
using Texts = std::vector<std::string>;

std::string applied(const std::string& json, const Texts& drop, const Texts& mask = {}, const Texts& hash = {}) {
    FieldRules rules(drop, mask, hash, "0123456789abcdef");
    trot::Result<std::string> out = rules.apply(json);
    if (!out) return "fault: " + out.fault().text;
    return out.value();
}

void is(const std::string& got, const std::string& want) {
    if (got != want) fail_msg("wanted: %s\n   got: %s", want.c_str(), got.c_str());
}

void a_member_is_left_out_wherever_it_stands(void**) {
    is(applied(R"({"a":1,"b":2,"c":3})", {"/a"}), R"({"b":2,"c":3})");
    is(applied(R"({"a":1,"b":2,"c":3})", {"/b"}), R"({"a":1,"c":3})");
    is(applied(R"({"a":1,"b":2,"c":3})", {"/c"}), R"({"a":1,"b":2})");
    is(applied(R"({"a":1,"b":2,"c":3})", {"/a", "/b"}), R"({"c":3})");
    is(applied(R"({"a":1,"b":2,"c":3})", {"/b", "/c"}), R"({"a":1})");
    is(applied(R"({"a":1,"b":2,"c":3})", {"/a", "/c"}), R"({"b":2})");
    is(applied(R"({"a":1})", {"/a"}), R"({})");
    is(applied(R"({"a":1,"b":2})", {"/*"}), R"({})");
    is(applied(R"([1,2,3])", {"/1"}), R"([1,3])");
    is(applied(R"([1,2,3])", {"/*"}), R"([])");
    is(applied(R"({"a":{"b":1,"c":2}})", {"/a/b"}), R"({"a":{"c":2}})");
}

void every_other_byte_stays(void**) {
    is(applied("{ \"a\" : 1.0 ,\n  \"b\" : \"x\" ,\n  \"c\" : 1e3 }", {"/b"}), "{ \"a\" : 1.0 ,\n  \"c\" : 1e3 }");
    is(applied("{ \"a\" : 1.0 ,\n  \"b\" : \"x\" }", {"/a"}), "{ \"b\" : \"x\" }");
    is(applied(R"({"a":12345678901234567890,"b":"\u00e9\/"})", {"/x"}), R"({"a":12345678901234567890,"b":"\u00e9\/"})");
    is(applied("\"text\"", {"/x"}), "\"text\"");
}

void a_star_is_any_member_or_element(void**) {
    is(applied(R"({"l":[{"p":1,"n":2},{"p":3},{"n":4}]})", {"/l/*/p"}), R"({"l":[{"n":2},{},{"n":4}]})");
    is(applied(R"({"l":{"x":{"p":1},"y":{"p":2}}})", {"/*/*/p"}), R"({"l":{"x":{},"y":{}}})");
    is(applied(R"({"l":[[1,2],[3]]})", {"/l/*/0"}), R"({"l":[[2],[]]})");
}

// A receiver may read the last of them, or a name that is spelled with escapes.
void no_spelling_of_a_name_gets_by(void**) {
    is(applied(R"({"m":1,"a":2,"m":3})", {"/m"}), R"({"a":2})");
    is(applied(R"({"e\u006dail":"x","a":{"b":1},"a":{"b":2}})", {"/email", "/a/b"}), R"({"a":{},"a":{}})");
    is(applied(R"({"a/b":1,"m~n":2,"":3,"k":4})", {"/a~1b", "/m~0n", "/"}), R"({"k":4})");
}

void a_mask_hides_all_but_that_it_is_there(void**) {
    is(applied(R"({"a":"x","b":[1,{"c":2}],"d":null,"e":false})", {}, {"/a", "/b", "/d", "/e"}),
       R"({"a":"***","b":"***","d":null,"e":"***"})");
}

void equal_values_have_equal_hashes(void**) {
    // printf 'a@b.example' | openssl dgst -sha256 -hmac 0123456789abcdef
    const std::string hash =
        "\"" + trot::hex(trot::Hmac(trot::Digest::sha256, "0123456789abcdef").sign({"a@b.example"})) + "\"";
    assert_int_equal(hash.size(), 66);
    is(applied(R"({"a":"a@b.example","b":"a\u0040b.example"})", {}, {}, {"/a", "/b"}),
       "{\"a\":" + hash + ",\"b\":" + hash + "}");
    assert_true(applied(R"({"a":"A@b.example"})", {}, {}, {"/a"}).find(hash) == std::string::npos);
}

void the_rule_that_tells_least_wins(void**) {
    is(applied(R"({"a":{"b":1},"c":2})", {"/*"}, {"/a/b"}, {"/c"}), "{}");
    is(applied(R"({"a":1})", {}, {"/*"}, {"/a"}), R"({"a":"***"})");
}

void what_is_no_json_is_never_passed_on(void**) {
    for (const std::string text : {"", "{", "{\"a\":1", "a=1&b=2", "{\"a\":1}x", "\xff", "[1,]"})
        if (applied(text, {"/a"}).substr(0, 6) != "fault:") fail_msg("passed on: %s", text.c_str());
    is(applied("no json", {}), "no json");  // nothing is asked of it
}

// Whatever is dropped, what comes out is JSON again.
void what_comes_out_is_json(void**) {
    const std::string whole = R"( {"a" : [ 1 , {"b":2, "c":[ ]} , "x" ] , "d":{ } ,"e":{"f":{"g":null}}} )";
    const Texts all = {"/a", "/a/0", "/a/1", "/a/1/b", "/a/1/c", "/a/2",
                       "/d", "/e",   "/e/f", "/e/f/g", "/*/*",   "/*/*/*"};
    trot::JsonReader reader;
    for (size_t set = 0; set < (size_t{1} << all.size()); ++set) {
        Texts drop;
        for (size_t i = 0; i < all.size(); ++i)
            if ((set >> i & 1U) != 0) drop.push_back(all[i]);
        const std::string out = applied(whole, drop);
        reader.load(out);
        if (!reader.valid()) fail_msg("no JSON: %s", out.c_str());
        for (const std::string& gone : drop)
            if (gone.find('*') == std::string::npos && gone.back() > '9' &&
                reader.find(gone).kind != trot::JsonKind::missing)
                fail_msg("%s is still in %s", gone.c_str(), out.c_str());
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_left_out_wherever_it_stands),
        cmocka_unit_test(every_other_byte_stays),
        cmocka_unit_test(a_star_is_any_member_or_element),
        cmocka_unit_test(no_spelling_of_a_name_gets_by),
        cmocka_unit_test(a_mask_hides_all_but_that_it_is_there),
        cmocka_unit_test(equal_values_have_equal_hashes),
        cmocka_unit_test(the_rule_that_tells_least_wins),
        cmocka_unit_test(what_is_no_json_is_never_passed_on),
        cmocka_unit_test(what_comes_out_is_json),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
