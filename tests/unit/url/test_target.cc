// Request targets: one decoding, dot segments, encoded slashes in both readings, limits; queries without allocation.
#include <memory>

#include "url/target.h"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on
}

using namespace trot;

namespace {

// "a|b|c" and the flags, so that a case fits on a line.
std::string cut(std::string_view target, bool fold = false, bool split = false) {
    const auto path = std::make_unique<NormalPath>();
    normalise_path(target, fold, split, *path);
    std::string out;
    for (size_t i = 0; i < path->count; ++i) out += (i ? "|" : "") + std::string(path->segments[i]);
    out += " ";
    if (path->flags & NormalPath::encoded_slash) out += "S";
    if (path->flags & NormalPath::dot_segments) out += "D";
    if (path->flags & NormalPath::bad_percent) out += "P";
    if (path->flags & NormalPath::too_long) out += "L";
    if (path->flags & NormalPath::empty_segment) out += "E";
    if (path->flags & NormalPath::trailing_slash) out += "T";
    return out;
}

void is(const std::string& got, const char* want) { assert_string_equal(got.c_str(), want); }

void plain_paths(void**) {
    is(cut("/"), " ");
    is(cut("/a"), "a ");
    is(cut("/a/b?x=/c"), "a|b ");
    is(cut("/a/"), "a T");
    is(cut("http://host:8080/a/b?q"), "a|b ");
    is(cut("http://host"), " ");
    is(cut("http://host?x=1"), " ");
    is(cut("/a/http://b"), "a|http:||b E");
    is(cut("/A/B", true), "a|b ");
    is(cut("/a#b"), "a#b ");
}

void decoded_once(void**) {
    is(cut("/caf%C3%A9"), "caf\xc3\xa9 ");
    is(cut("/%41%2542"), "A%42 ");
    is(cut("/%41", true), "a ");
    is(cut("/a%"), "a% P");
    is(cut("/a%4"), "a%4 P");
    is(cut("/a%zz/b"), "a%zz|b P");
    is(cut("/a+b"), "a+b ");
}

void dot_segments(void**) {
    is(cut("/a/./b"), "a|b D");
    is(cut("/a/../b"), "b D");
    is(cut("/../../a"), "a D");
    is(cut("/a/%2e%2E/b"), "b D");
    is(cut("/a/b/.."), "a DT");
    is(cut("/a/.."), " D");
    is(cut("/a/b/."), "a|b DT");
    is(cut("/a/.../b"), "a|...|b ");
    is(cut("/a//../b"), "a|b DE");
}

void slashes(void**) {
    is(cut("/a%2fb"), "a/b S");
    is(cut("/a%2fb", false, true), "a|b S");
    is(cut("/a%5Cb", false, true), "a|b S");
    is(cut("/a\\..\\b"), "a\\..\\b S");
    is(cut("/a\\..\\b", false, true), "b SD");
    is(cut("/a%2f..%2fb"), "a/../b S");
    is(cut("/a%2f..%2fb", false, true), "b SD");
    is(cut("//a"), "|a E");
    is(cut("/a//b"), "a||b E");
}

void too_long(void**) {
    is(cut("/" + std::string(max_path, 'a')), (std::string(max_path, 'a') + " ").c_str());
    is(cut("/" + std::string(max_path + 1, 'a')), " L");
    std::string many;
    for (size_t i = 0; i < max_segments; ++i) many += "/a";
    assert_true(cut(many).back() == ' ');
    is(cut(many + "/a"), " L");
    // What ".." takes back does not count.
    std::string back;
    for (size_t i = 0; i < 3 * max_path; ++i) back += "/a/..";
    is(cut(back + "/b"), "b D");
}

void parts(void**) {
    is(std::string(path_of("/a?b?c")), "/a");
    is(std::string(query_of("/a?b?c")), "b?c");
    is(std::string(query_of("/a")), "");
    is(std::string(path_of("*")), "*");
    is(std::string(path_of("")), "");
    is(std::string(path_of("https://h/x?y")), "/x");
}

void queries(void**) {
    std::string_view value;
    assert_true(find_query("a=1&b=2&a=3", "a", value));
    is(std::string(value), "3");
    assert_true(find_query("%61=x%20", "a", value));
    is(std::string(value), "x%20");
    assert_true(find_query("flag", "flag", value));
    is(std::string(value), "");
    assert_true(find_query("a+b=1", "a b", value));
    assert_false(find_query("ab=1", "a", value));
    assert_false(find_query("", "a", value));
    assert_false(find_query("a%3D=1", "a", value));
    assert_true(query_equals("%2Fwc%2fv3", "/wc/v3"));
    assert_false(query_equals("abc", "ab"));
    assert_false(query_equals("ab", "abc"));
    is(percent_decode("a+b%20c%zz%", true), "a b c%zz%");
    is(percent_decode("a+b", false), "a+b");
    const Fields fields = parse_query("a=1&&b&c=%26+&=x");
    assert_int_equal(fields.size(), 4);
    is(fields[1].name + "=" + fields[1].value, "b=");
    is(fields[2].value, "& ");
    is(fields[3].value, "x");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(plain_paths), cmocka_unit_test(decoded_once), cmocka_unit_test(dot_segments),
        cmocka_unit_test(slashes),     cmocka_unit_test(too_long),     cmocka_unit_test(parts),
        cmocka_unit_test(queries),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
