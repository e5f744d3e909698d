// What an event takes along: values of any source under a hook's own names, redacted, shared by the events of one
// exchange; nothing where the hook says nothing.
#include <string>

#include "capture/evaluate.h"
#include "capture/needs.h"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on
}

#include "exchange_fixture.h"

using namespace trot;
using trot_test::exchange_of;
using trot_test::plan_of;

namespace {

std::string hook(const std::string& context, const std::string& rest = {}) {
    return "[[hook]]\ntopic = \"a.made\"\nmatch = \"POST /{shop}/a\"\n" + rest + "context = " + context + "\n";
}

std::vector<Event> events_of(const Exchange& exchange) {
    Evaluator evaluator;
    return evaluator.evaluate(exchange, nullptr);
}

std::string taken(const PlanPtr& plan, const char* answer, Fields fields = {}, const char* request = "{}") {
    Exchange exchange = exchange_of(plan, "POST", "/12/a?n=3", 200, answer, request);
    for (Field& field : fields) exchange.request_fields.push_back(std::move(field));
    const std::vector<Event> events = events_of(exchange);
    assert_int_equal(events.size(), 1);
    return events[0].context ? *events[0].context : "none";
}

void is(const std::string& got, const char* want) { assert_string_equal(got.c_str(), want); }

void values(void**) {
    const PlanPtr plan = plan_of(hook(
        R"({ shop = "text:path:shop", n = "query:n", env = "request-header:X-Env | =main", )"
        R"(primary = { same = ["request-header:X-Env | =main", "=main"] }, given = { present = "request-header:X-Env" }, )"
        R"(included = "response:/included", yes = true, none = "response:/none" })"));
    is(taken(plan, R"({"included":[ {"id":1.0} ]})"),
       R"({"shop":"12","n":3,"env":"main","primary":true,"given":false,"included":[ {"id":1.0} ],"yes":true})");
    is(taken(plan, "{}", {{"X-Env", "main"}}),
       R"({"shop":"12","n":3,"env":"main","primary":true,"given":true,"yes":true})");
    is(taken(plan, "{}", {{"X-Env", "sand\"box"}}),
       R"({"shop":"12","n":3,"env":"sand\"box","primary":false,"given":true,"yes":true})");
    assert_true(needs_of(*plan).wants_request_field("X-Env"));
    assert_false(needs_of(*plan).request_body);
    assert_true(needs_of(*plan_of(hook(R"({ a = "request:/a" })"))).request_body);
}

void nothing_is_null(void**) {
    is(taken(plan_of(hook(R"({ a = "response:/none" })")), "{}"), "none");
    is(taken(plan_of("[[hook]]\ntopic = \"a.made\"\nmatch = \"POST /{shop}/a\"\n"), "{}"), "none");
    // A body that cannot be read has nothing to take along; that it could not be read is the payload's to say.
    const PlanPtr plan =
        plan_of(hook(R"({ a = "response:/a", same = { same = ["response:/a", "=1"] }, shop = "path:shop" })"));
    Exchange cut = exchange_of(plan, "POST", "/12/a", 200, "{\"a\":");
    cut.response_truncated = true;
    is(*events_of(cut).front().context, R"({"shop":12})");
}

void redacted(void**) {
    const PlanPtr plan =
        plan_of(hook(R"({ password = "response:/x", env = "request-header:token", inner = "response:/in" })"),
                "[capture]\nredact = [\"password\", \"token\", \"=sk_\"]\n");
    is(taken(plan, R"({"x":1,"in":{"password":"p","a":"sk_1"}})", {{"token", "t"}}),
       R"({"password":"[redacted]","env":"[redacted]","inner":{"password":"[redacted]","a":"[redacted]"}})");
}

void of_elements(void**) {
    const PlanPtr plan = plan_of(
        "[[hook]]\ntopics = [\"a.made\", \"a.seen\"]\nmatch = \"POST /a\"\nitems = \"response:\"\n"
        "context = { i = \"item:/i\" }\n");
    const std::vector<Event> events = events_of(exchange_of(plan, "POST", "/a", 200, R"([{"i":1},{"i":2}])"));
    assert_int_equal(events.size(), 4);
    is(*events[0].context, R"({"i":1})");
    assert_ptr_equal(events[0].context.get(), events[1].context.get());
    is(*events[3].context, R"({"i":2})");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(nothing_is_null), cmocka_unit_test(redacted),
                                cmocka_unit_test(of_elements)};
    return cmocka_run_group_tests_name("context", tests, nullptr, nullptr);
}
