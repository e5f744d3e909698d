// Paths that say more: patterns and types of parameters, optional parts, several lines of match; and contexts, by which
// each file's hooks read requests in their own way.
#include "loading.h"
#include "plan/match.h"
#include "plan/param_pattern.h"

using namespace trot;

namespace {

bool fits(const char* pattern, const char* value, bool fold = false) {
    const Result<ParamPattern> parsed = ParamPattern::parse(pattern);
    if (!parsed) fail_msg("%s: %s", pattern, parsed.fault().text.c_str());
    return parsed.value().fits(value, fold);
}

void patterns(void**) {
    for (const auto& [pattern, value] :
         std::vector<std::pair<const char*, const char*>>{{"int", "0"},
                                                          {"int", "1234567890"},
                                                          {"hex", "5e2F"},
                                                          {"uuid", "0b2c4a4e-5ff3-4a5b-9d6e-1c6e6f7a8b9c"},
                                                          {"v[1-3]", "v2"},
                                                          {"a|bc|d", "bc"},
                                                          {"a?b*c+", "cc"},
                                                          {"a?b*c+", "abbbc"},
                                                          {"[a-f0-9]{4}", "0a9f"},
                                                          {"x{2,}", "xxxxx"},
                                                          {"x{1,3}y", "xxxy"},
                                                          {"\\d+\\.\\w", "12.z"},
                                                          {"[^.]+", "abc"},
                                                          {"[]-]", "]"},
                                                          {".{3}", "a b"},
                                                          {"caf\xc3\xa9", "caf\xc3\xa9"}})
        if (!fits(pattern, value)) fail_msg("%s does not take %s", pattern, value);
    for (const auto& [pattern, value] : std::vector<std::pair<const char*, const char*>>{{"int", ""},
                                                                                         {"int", "12a"},
                                                                                         {"int", "-1"},
                                                                                         {"v[1-3]", "v4"},
                                                                                         {"v[1-3]", "v11"},
                                                                                         {"v[1-3]", "V1"},
                                                                                         {"a|bc|d", "ac"},
                                                                                         {"a|bc|d", "b"},
                                                                                         {"x{2,}", "x"},
                                                                                         {"x{1,3}y", "xxxxy"},
                                                                                         {"[a-f0-9]{4}", "0a9"},
                                                                                         {"[^.]+", "a.c"},
                                                                                         {"a?b*c+", "ab"}})
        if (fits(pattern, value)) fail_msg("%s takes %s", pattern, value);
    assert_true(fits("v[1-3]|order", "V1", true) && fits("v[1-3]|order", "ORDER", true));
    for (const char* wrong : {"", "(a)", "[a-z", "*a", "a{", "a{2", "a{3,2}", "a{0}", "a{99}", "+", "a**"})
        if (ParamPattern::parse(wrong)) fail_msg("was accepted: %s", wrong);
    assert_int_equal(ParamPattern::parse("order|product").value().plain().size(), 2);
    assert_true(ParamPattern::parse("order|v[1-3]").value().plain().empty());
}

std::string hook(const char* topic, const char* match) {
    return std::string("[[hook]]\ntopic = \"") + topic + "\"\nmatch = " + match + "\n";
}

// "topic(name=value)…" of each hook; and judge says the same.
std::string matches(const PlanPtr& plan, const char* method, std::string_view target, std::string_view form = {}) {
    RequestHead head{method, target, nullptr, {}};
    head.form_method = form;
    std::string out;
    for (const PathMatch& match : plan->matcher->collect(head)) {
        out += (out.empty() ? "" : " ") + match.hook->name;
        for (const Field& param : match.params) out += "(" + param.name + "=" + param.value + ")";
    }
    if (!out.empty()) assert_true(plan->matcher->judge(head).matched);
    return out;
}

bool judged(const PlanPtr& plan, const char* method, std::string_view target) {
    return plan->matcher->judge({method, target, nullptr, {}}).matched;
}

void is(const std::string& got, const char* want) { assert_string_equal(got.c_str(), want); }

void routes(void**) {
    const PlanPtr plan = test::load(hook("one", "\"POST /a/{id:int}\"") + hook("all", "\"POST /a/{x}\"") +
                                    hook("batch", "[\"POST /a/batch\", \"PUT /b/{kind:cat|dog}s\"]") +
                                    hook("store", "\"POST /store[/{v:v\\\\d+}]/out\"") +
                                    hook("file", "\"POST /files/v{n:int}.json\"") + hook("mid", "\"POST /m/x{id}y\""));
    is(matches(plan, "POST", "/a/12"), "one(id=12) all(x=12)");
    is(matches(plan, "POST", "/a/12b"), "all(x=12b)");
    is(matches(plan, "POST", "/a/batch"), "all(x=batch) batch");
    is(matches(plan, "PUT", "/b/dogs"), "batch(kind=dog)");
    is(matches(plan, "PUT", "/b/cows"), "");
    is(matches(plan, "POST", "/b/dogs"), "");
    assert_false(judged(plan, "PUT", "/b/cows") || judged(plan, "POST", "/files/v.json"));
    is(matches(plan, "POST", "/store/out"), "store");
    is(matches(plan, "POST", "/store/v12/out"), "store(v=v12)");
    is(matches(plan, "POST", "/store/w/out"), "");
    is(matches(plan, "POST", "/files/v7.json"), "file(n=7)");
    is(matches(plan, "POST", "/m/x12y"), "mid(id=12)");
    is(matches(plan, "POST", "/m/xy"), "");

    const PlanPtr folded =
        test::load("[capture]\nignore_case = true\n" + hook("k", "\"POST /{kind:cat|dog}S/{v:V[1-3]}\""));
    is(matches(folded, "POST", "/DOGs/v2"), "k(kind=DOG)(v=v2)");
}

void mistakes(void**) {
    test::refused(hook("a", "\"POST /{id:}\""), {"3:9", "pattern of \"{id:}\" is wrong", "it is empty"});
    test::refused(hook("a", "\"POST /{id:(a)}\""), {"\"(\" cannot stand there", "no groups"});
    test::refused(hook("a", "\"POST /a[/b\""), {"3:9", "optional part"});
    test::refused(hook("a", "\"POST /a[/b[/c]]\""), {"optional part"});
    test::refused(hook("a", "\"POST /[a][b][c][d][e]\""), {"four optional parts"});
    test::refused(hook("a", "[\"POST /a\", \"POST b\"]"), {"3:21", "methods, a blank and a path"});
    test::refused(hook("a", "[]"), {"'match' is empty"});
    test::refused(hook("a", "\"POST /x{id*}\""), {"by itself"});
    test::refused(hook("a", "\"POST /{a}-{b}\""), {"at most one parameter"});
}

void a_form_may_name_the_method(void**) {
    const PlanPtr plan = test::load("[capture]\nmethod_override = [\"form\"]\n" + hook("made", "\"POST /a\"") +
                                    hook("gone", "\"DELETE /a/{id}\""));
    assert_true(plan->method_override);
    is(matches(plan, "POST", "/a"), "made");
    is(matches(plan, "POST", "/a/1", "delete"), "gone(id=1)");
    is(matches(plan, "POST", "/a/1"), "");
    assert_true(judged(plan, "POST", "/a/1"));   // the body is not known yet
    assert_false(judged(plan, "PUT", "/a/1"));   // only a POST's form counts
    assert_false(judged(plan, "POST", "/b/1"));  // the path decides all the same
    is(matches(plan, "POST", "/a/1?_method=DELETE"), "");
    const PlanPtr strict = test::load("[capture]\nmethod_override = true\n" + hook("gone", "\"DELETE /a/{id}\""));
    is(matches(strict, "POST", "/a/1", "DELETE"), "");
    assert_false(judged(strict, "POST", "/a/1"));
    test::refused("[capture]\nmethod_override = [\"body\"]\n", {"2:19", "\"header\", \"query\" and \"form\""});
}

// A dialect with its own way of reading, beside a main file with another one.
void each_file_reads_in_its_own_way(void**) {
    test::Folder folder;
    folder.file("loose.toml",
                "[capture]\nignore_case = true\nmethod_override = true\nstrip_prefix = [\"/index.php\"]\nquery_route = "
                "[\"route\"]\n" +
                    hook("loose", "\"DELETE /things/{id}\""));
    const Result<PlanPtr> loaded =
        load_plan(folder.file("main.toml", "dialects = [\"./loose.toml\"]\n[capture]\nstrip_prefix = [\"/shop\"]\n" +
                                               hook("main", "\"DELETE /things/{id}\"")),
                  test::words());
    if (!loaded) fail_msg("%s", loaded.fault().text.c_str());
    const PlanPtr plan = loaded.value();
    is(matches(plan, "DELETE", "/things/1"), "main(id=1) loose(id=1)");
    is(matches(plan, "DELETE", "/Things/1"), "loose(id=1)");
    is(matches(plan, "POST", "/things/1?_method=DELETE"), "loose(id=1)");
    is(matches(plan, "DELETE", "/index.php/things/1"), "loose(id=1)");
    is(matches(plan, "DELETE", "/shop/things/1"), "main(id=1) loose(id=1)");
    is(matches(plan, "DELETE", "/shop/index.php/things/1"), "loose(id=1)");
    is(matches(plan, "DELETE", "/?route=/things/2"), "loose(id=2)");
    assert_string_equal(plan->setting("capture.method_override", 0)->c_str(), "true");
    assert_string_equal(plan->setting("capture.ignore_case", 0)->c_str(), "false");
    assert_int_equal(plan->matcher->judge({"DELETE", "/things/a%2fb", nullptr, {}}).path_flags != 0, 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(patterns),
        cmocka_unit_test(routes),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(a_form_may_name_the_method),
        cmocka_unit_test(each_file_reads_in_its_own_way),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
