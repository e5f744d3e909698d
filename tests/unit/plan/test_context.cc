// [[hook]] context: what may stand there, and the mistakes; and the URLs that a format with tags takes.
#include "loading.h"

using namespace trot;

namespace {

const std::string hook = "[[hook]]\ntopic = \"a.made\"\nmatch = \"POST /a/{id}\"\n";

void right(void**) {
    const PlanPtr plan = test::load(hook + "[hook.context]\nshop = \"path:id\"\nlist = [\"path:id\", 1]\n");
    assert_int_equal(plan->hooks[0].taken_along.children.size(), 2);
    assert_string_equal(plan->hooks[0].taken_along.names[1].c_str(), "\"list\"");
    assert_true(test::load(hook)->hooks[0].taken_along.children.empty());
}

void wrong(void**) {
    test::refused(hook + "context = \"path:id\"\n", {"t.toml:4:11", "a table like { bucket"});
    test::refused(hook + "context = {}\n", {"4:11", "a table like"});
    test::refused(hook + "context = { \"a b\" = \"path:id\" }\n", {"has the name \"a b\""});
    test::refused(hook + "context = { a = \"path:ip\" }\n", {"not in the path of 'match'"});
    test::refused(hook + "context = { a = \"item:/x\" }\n", {"needs 'items'"});
    test::refused(hook + "context = { a = \"nowhere:x\" }\n", {"is no source"});
    test::refused(hook + "contxt = { a = \"path:id\" }\n", {"did you mean"});
    test::refused("[[snapshot]]\nof = \"a\"\nmatch = \"POST /a\"\ncontext = { a = \"=x\" }\n", {"unknown key"});
}

Vocabulary with_tags() {
    Vocabulary words = test::words();
    words.policy = [](std::string_view format) {
        FormatPolicy out;
        if (format == "plain")
            out.check_tags = [](std::string_view url) {
                return url.find("{{no}}") == std::string_view::npos ? Result<void>()
                                                                    : Result<void>(Fault{Code::refused, "no such tag"});
            };
        return out;
    };
    return words;
}

Result<PlanPtr> subscription(const std::string& format, const std::string& url) {
    return parse_plan("[[subscription]]\nname = \"a\"\ntopics = [\"*\"]\nsecret = \"whsec_12345678\"\nformat = \"" +
                          format + "\"\nurl = \"" + url + "\"\n",
                      "t.toml", with_tags());
}

void tagged_urls(void**) {
    const Result<PlanPtr> plan = subscription("plain", "https://A.example/{{ x }}");
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    assert_string_equal(plan.value()->subscriptions[0].url.text.c_str(), "https://a.example/{{ x }}");
    for (const char* url : {"https://{{x}}/", "https://a.example/{{no}}", "https://a.example/{{x"})
        if (subscription("plain", url).ok()) fail_msg("%s was taken", url);
    assert_false(subscription("standard", "https://a.example/{{ x }}").ok());
    assert_true(subscription("standard", "https://a.example/{{x}}").ok());  // braces are braces there
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(right), cmocka_unit_test(wrong), cmocka_unit_test(tagged_urls)};
    return cmocka_run_group_tests_name("context", tests, nullptr, nullptr);
}
