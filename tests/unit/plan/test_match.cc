// The matcher: templates, readings, strengths; judge never allocates, and judge and collect agree on random input.
#include <atomic>
#include <cstdlib>
#include <new>
#include <random>

#include "loading.h"
#include "plan/match.h"
#include "url/target.h"

namespace {
std::atomic<size_t> allocations{0};
}

// Counts what the whole program allocates; the tests look at the difference around judge().
void* operator new(size_t size) {
    ++allocations;
    if (void* got = std::malloc(size ? size : 1)) return got;
    throw std::bad_alloc();
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size ? size : 1);
}
void operator delete(void* pointer) noexcept { std::free(pointer); }
void operator delete(void* pointer, size_t) noexcept { std::free(pointer); }

using namespace trot;

namespace {

std::string hook(const char* topic, const char* match, const char* more = "") {
    return std::string("[[hook]]\ntopic = \"") + topic + "\"\nmatch = \"" + match + "\"\n" + more;
}

bool judged(const PlanPtr& plan, const char* method, std::string_view target, std::string_view override_method = {}) {
    RequestHead head{method, target, nullptr, override_method};
    return plan->matcher->judge(head).matched;
}

// "topic(name=value …) topic …", and that judge says the same.
std::string matches(const PlanPtr& plan, const char* method, std::string_view target,
                    std::string_view override_method = {}) {
    RequestHead head{method, target, nullptr, override_method};
    std::string out;
    for (const PathMatch& match : plan->matcher->collect(head)) {
        out += (out.empty() ? "" : " ") + match.hook->name;
        for (const Field& param : match.params) out += "(" + param.name + "=" + param.value + ")";
    }
    assert_int_equal(judged(plan, method, target, override_method), !out.empty());
    return out;
}

void is(const std::string& got, const char* want) { assert_string_equal(got.c_str(), want); }

void templates(void**) {
    const PlanPtr plan =
        test::load(hook("root", "POST /") + hook("list", "POST,PUT /a") + hook("one", "DELETE /a/{id}") +
                   hook("special", "DELETE /a/batch") + hook("rest", "PATCH /f/{path*}") + hook("any", "* /any") +
                   hook("deep", "POST /a/{x}/b/{y}"));
    is(matches(plan, "POST", "/"), "root");
    is(matches(plan, "POST", "http://host"), "root");
    is(matches(plan, "PUT", "/a/?x=1"), "list");
    is(matches(plan, "GET", "/a"), "");
    is(matches(plan, "post", "/a"), "");
    is(matches(plan, "DELETE", "/a/7"), "one(id=7)");
    is(matches(plan, "DELETE", "/a/batch"), "one(id=batch) special");
    is(matches(plan, "DELETE", "/a/"), "");
    is(matches(plan, "DELETE", "/a//"), "");
    is(matches(plan, "PATCH", "/f"), "rest(path=)");
    is(matches(plan, "PATCH", "/f/x/y%20z"), "rest(path=x/y z)");
    is(matches(plan, "PROPFIND", "/any"), "any");
    is(matches(plan, "POST", "/a/1/b/2"), "deep(x=1)(y=2)");
    is(matches(plan, "POST", "/A"), "");
    is(matches(plan, "POST", "*"), "");
    is(matches(plan, "POST", ""), "");
    is(matches(plan, "POST", "/a/1/b"), "");
    is(matches(plan, "DELETE", "/x/../a/%37"), "one(id=7)");
}

void queries(void**) {
    const PlanPtr plan = test::load(hook("force", "DELETE /a/{id}?force=true") + hook("flag", "DELETE /a/{id}?flag=*") +
                                    hook("both", "DELETE /a/{id}?force=true&flag=x%20y"));
    is(matches(plan, "DELETE", "/a/1"), "");
    is(matches(plan, "DELETE", "/a/1?force=false&force=true"), "force(id=1)");
    is(matches(plan, "DELETE", "/a/1?force=%74rue"), "force(id=1)");
    is(matches(plan, "DELETE", "/a/1?flag"), "flag(id=1)");
    is(matches(plan, "DELETE", "/a/1?flag=x+y&force=true"), "force(id=1) flag(id=1) both(id=1)");
}

void both_readings_of_a_slash(void**) {
    const PlanPtr plan =
        test::load(hook("two", "POST /a/{x}/{y}") + hook("one", "POST /a/{x}") + hook("literal", "POST /first"));
    is(matches(plan, "POST", "/a/1%2f2"), "two(x=1)(y=2) one(x=1/2)");
    is(matches(plan, "POST", "/a%2f..%2ffirst"), "literal");
    is(matches(plan, "POST", "/a\\..\\first"), "literal");
    const RequestHead head{"POST", "/a%2f..%2ffirst", nullptr, {}};
    assert_int_equal(plan->matcher->judge(head).path_flags, NormalPath::encoded_slash);
    const RequestHead none{"POST", "/x/./y", nullptr, {}};
    assert_int_equal(plan->matcher->judge(none).path_flags, NormalPath::dot_segments);
}

void prefixes(void**) {
    const PlanPtr plan = test::load("[capture]\nstrip_prefix = [\"/index.php\", \"/shop\", \"/shop/de\"]\n" +
                                    hook("order", "POST /orders") + hook("kept", "POST /shop/orders"));
    is(matches(plan, "POST", "/orders"), "order");
    is(matches(plan, "POST", "/index.php/orders/"), "order");
    is(matches(plan, "POST", "/shop/index.php/orders"), "order");
    is(matches(plan, "POST", "/shop/orders"), "order kept");
    is(matches(plan, "POST", "/shop/de/orders"), "order");
    is(matches(plan, "POST", "/shopping/orders"), "");
}

void routes_in_the_query(void**) {
    const PlanPtr plan = test::load(
        "[capture]\nquery_route = [\"rest_route=/wp-json\", \"route=/api/v{version}\", \"plain\"]\nignore_case = "
        "true\n" +
        hook("post", "POST /wp-json/wp/v2/posts/{id}") + hook("order", "POST /api/v2/orders") + hook("root", "POST /"));
    is(matches(plan, "POST", "/?rest_route=%2Fwp%2Fv2%2FPosts%2F4%2F"), "post(id=4)");
    is(matches(plan, "POST", "/?rest_route=/wp/v2/posts/A%2520b"), "post(id=A%20b)");
    is(matches(plan, "POST", "/index.php?x=1&rest_route=/wp/v2/posts/4&rest_route=/wp/v2/posts/5"), "post(id=5)");
    is(matches(plan, "POST", "/?version=2&route=/orders"), "order");
    is(matches(plan, "POST", "/?route=/orders"), "");
    is(matches(plan, "POST", "/?plain=/wp-json/wp/v2/posts/9"), "post(id=9)");
    is(matches(plan, "POST", "/?rest_route="), "root");
    is(matches(plan, "POST", "/?rest_route=/wp/v2/posts/1%3Fx"), "post(id=1?x)");
    is(matches(plan, "POST", "/?rest_route=/wp/v2/posts/" + std::string(9000, 'a')), "");
    is(matches(plan, "POST", "/WP-JSON/wp/V2/posts/AbC"), "post(id=AbC)");
}

void overridden_methods(void**) {
    const PlanPtr plan =
        test::load("[capture]\nmethod_override = true\n" + hook("made", "POST /a") + hook("gone", "DELETE /a"));
    is(matches(plan, "POST", "/a"), "made");
    is(matches(plan, "POST", "/a", "delete"), "gone");
    is(matches(plan, "POST", "/a?_method=DELETE", "PUT"), "gone");
    const Fields fields{{"x-http-method-override", " DELETE "}};
    const RequestHead head{"POST", "/a", &fields, {}};
    assert_int_equal(plan->matcher->collect(head).size(), 1);
    assert_string_equal(plan->matcher->collect(head)[0].hook->name.c_str(), "gone");
    const PlanPtr strict = test::load(hook("made", "POST /a") + hook("gone", "DELETE /a"));
    is(matches(strict, "POST", "/a?_method=DELETE", "DELETE"), "made");
}

void the_strongest_counts(void**) {
    const PlanPtr plan = test::load(
        "[store]\nguarantee = \"async\"\n" + hook("a", "POST /{x}") + hook("b", "POST /b", "guarantee = \"hold\"\n") +
        hook("c", "POST /b", "on_fault = \"reject\"\n") + hook("d", "POST /d?x=1", "guarantee = \"hold\"\n"));
    const auto judge = [&](std::string_view target) { return plan->matcher->judge({"POST", target, nullptr, {}}); };
    assert_true(judge("/a").guarantee == Guarantee::async && judge("/a").on_fault == OnFault::open);
    assert_true(judge("/b").guarantee == Guarantee::hold && judge("/b").on_fault == OnFault::reject);
    assert_true(judge("/d").guarantee == Guarantee::async && judge("/d?x=1").guarantee == Guarantee::hold);
    assert_false(judge("/a/b").matched);
}

std::string random_target(std::mt19937& random) {
    static const char* const pieces[] = {"/", "a",    "b",  "orders",      "1",     "%2f",     "%2e", "..",
                                         ".", "//",   "/a", "/b",          "/a/",   "%",       "%41", "?",
                                         "&", "q=1",  "\\", "index.php",   "/shop", "r=/a",    "A",   "r=%2Fb",
                                         "#", "\xff", "*",  "_method=PUT", "=",     "http://h"};
    std::string out = random() % 8 ? "/" : "";
    for (unsigned i = random() % 9; i > 0; --i) out += pieces[random() % std::size(pieces)];
    return out;
}

std::string random_hook(std::mt19937& random, int number) {
    static const char* const segments[] = {"a", "b", "orders", "{x}", "{y}", "A", "1", "a%2fb"};
    static const char* const methods[] = {"POST", "PUT", "POST,PUT", "*", "DELETE"};
    std::string path = "/";
    for (unsigned i = random() % 4; i > 0; --i) {
        const char* segment = segments[random() % std::size(segments)];
        if (path.find(segment) == std::string::npos || *segment != '{')
            path += std::string(path.size() > 1 ? "/" : "") + segment;
    }
    if (random() % 5 == 0) path += path.size() > 1 ? "/{rest*}" : "{rest*}";
    if (random() % 4 == 0) path += random() % 2 ? "?q=1" : "?q=*";
    return hook(("t" + std::to_string(number)).c_str(),
                (std::string(methods[random() % std::size(methods)]) + " " + path).c_str());
}

void judge_and_collect_agree_and_judge_never_allocates(void**) {
    std::mt19937 random(20261122);
    size_t matched = 0;
    for (int round = 0; round < 60; ++round) {
        std::string text = "[capture]\n";
        if (round % 2) text += "ignore_case = true\n";
        if (round % 3 == 0) text += "method_override = true\n";
        if (round % 4 == 0) text += "strip_prefix = [\"/index.php\", \"/shop\"]\nquery_route = [\"r\"]\n";
        const int count = 1 + static_cast<int>(random() % 30);
        for (int i = 0; i < count; ++i) text += random_hook(random, i);
        const PlanPtr plan = test::load(text);
        const Fields fields{{"Accept", "*/*"}, {"X-HTTP-Method-Override", "DELETE"}};
        for (int i = 0; i < 500; ++i) {
            const std::string target = random_target(random);
            const RequestHead head{random() % 2 ? "POST" : "PUT", target, random() % 2 ? &fields : nullptr, {}};
            const size_t before = allocations;
            const Judgement judgement = plan->matcher->judge(head);
            assert_int_equal(allocations - before, 0);
            const std::vector<PathMatch> found = plan->matcher->collect(head);
            if (judgement.matched == found.empty())
                fail_msg("judge and collect differ on %s in\n%s", target.c_str(), text.c_str());
            matched += judgement.matched;
            for (const PathMatch& match : found) assert_int_equal(match.path_flags, judgement.path_flags);
        }
    }
    assert_in_range(matched, 5000, 25000);  // the input is neither all in nor all out
}

void ten_thousand_hooks(void**) {
    std::string text;
    for (int i = 0; i < 10000; ++i) text += hook("t", ("POST /api/r" + std::to_string(i) + "/{id}").c_str());
    const PlanPtr plan = test::load(text);
    is(matches(plan, "POST", "/api/r0/x"), "t(id=x)");
    is(matches(plan, "POST", "/api/r9999/x"), "t(id=x)");
    is(matches(plan, "POST", "/api/r10000/x"), "");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(templates),
        cmocka_unit_test(queries),
        cmocka_unit_test(both_readings_of_a_slash),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(routes_in_the_query),
        cmocka_unit_test(overridden_methods),
        cmocka_unit_test(the_strongest_counts),
        cmocka_unit_test(judge_and_collect_agree_and_judge_never_allocates),
        cmocka_unit_test(ten_thousand_hooks),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
