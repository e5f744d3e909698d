// URLs with Mustache tags: where tags may stand, and that all else is judged as without them.
#include <string>

#include "url/tags.h"

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
        const char *given, *text, *path;
    };
    const Case cases[] = {
        {"HTTPS://Example.COM/{{entity.id}}", "https://example.com/{{entity.id}}", "/{{entity.id}}"},
        {"https://example.com?x={{ a }}", "https://example.com/?x={{ a }}", "/?x={{ a }}"},
        {"https://example.com/{{{a}}}/b{{#c}}/c#{{/c}}", nullptr, nullptr},  // a fragment outside a tag
        {"https://example.com/{{#c}}c{{/c}}", "https://example.com/{{#c}}c{{/c}}", "/{{#c}}c{{/c}}"},
        {"https://example.com:8443/a", "https://example.com:8443/a", "/a"},
    };
    for (const Case& one : cases) {
        const Result<CheckedUrl> url = check_tagged_url(one.given, {});
        if (one.text == nullptr) {
            assert_false(url.ok());
            continue;
        }
        if (!url) fail_msg("%s: %s", one.given, url.fault().text.c_str());
        assert_string_equal(url.value().text.c_str(), one.text);
        assert_string_equal(url.value().path.c_str(), one.path);
    }
}

void refused(void**) {
    for (const std::string& url : std::initializer_list<std::string>{
             "https://{{host}}/", "https://a.example:{{port}}/", "{{scheme}}://a.example/", "https://{{a}}",
             "https://a.example/{{x", "https://a.example/{{{x}}", "https://a.example/{{x\r\n}}",
             "https://a.example/{{x}}/../b", "https://a.example/{{x}} b", "ftp://a.example/{{x}}",
             "https://a.example/{{x}}?" + std::string(2048, 'y')})
        if (check_tagged_url(url, {}).ok()) fail_msg("%s was taken", url.c_str());
}

void dot_segments(void**) {
    for (const char* path : {"/..", "/a/../b", "/a/.", "/./a", "..", "/a/..?b"})
        if (!has_dot_segment(path)) fail_msg("%s has none", path);
    for (const char* path : {"/", "", "/a/b", "/a..b/...", "/a?b=/../", "//"})
        if (has_dot_segment(path)) fail_msg("%s has one", path);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(accepted), cmocka_unit_test(refused), cmocka_unit_test(dot_segments)};
    return cmocka_run_group_tests_name("url tags", tests, nullptr, nullptr);
}
