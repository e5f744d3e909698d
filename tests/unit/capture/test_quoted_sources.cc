// "text:SOURCE": what stands there is a string, also when it reads as a number.
#include "capture/evaluate.h"
#include "exchange_fixture.h"
#include "plan/expr.h"

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

std::string payload_of(const std::string& hook, const std::string& answer) {
    const PlanPtr plan = trot_test::plan_of("[[hook]]\ntopic = \"a.b\"\nmatch = \"PUT /a/{slug}\"\n" + hook);
    Evaluator evaluator;
    const std::vector<Event> events =
        evaluator.evaluate(trot_test::exchange_of(plan, "PUT", "/a/2019?n=7", 200, answer), nullptr);
    assert_int_equal(events.size(), 1);
    return *events.front().payload;
}

void in_a_payload(void**) {
    assert_string_equal(payload_of("payload = { a = \"path:slug\", b = \"text:path:slug\" }", "").c_str(),
                        R"({"a":2019,"b":"2019"})");
    assert_string_equal(
        payload_of("payload = { a = \"text:response:/n\", b = \"text:response:/s\", c = \"text:response:/o\", d = "
                   "\"text:response:/missing\", e = \"text:link:response:/url\" }",
                   R"({"n":1.50,"s":"x\ty","o":{"n":1},"url":"/x/5"})")
            .c_str(),
        R"({"a":"1.50","b":"x\ty","c":{"n":1},"e":"5"})");
    assert_string_equal(payload_of("payload = \"text:response:/none | text:query:n\"", "{}").c_str(), "\"7\"");
}

// An event whose payload is not there carries its id.
void as_an_id(void**) {
    assert_string_equal(payload_of("id = \"path:slug\"", "").c_str(), R"({"id":2019})");
    assert_string_equal(payload_of("id = \"text:path:slug\"", "").c_str(), R"({"id":"2019"})");
    assert_string_equal(payload_of("id = \"text:response:/n\"\npayload = \"response:/none\"", R"({"n":4})").c_str(),
                        R"({"id":"4"})");
}

void is_spelled_as_it_was(void**) {
    for (const char* text : {"text:path:id", "text:link:header:Location", "text:response:/a"})
        assert_string_equal(spell_source(parse_source(text).value()).c_str(), text);
    assert_false(parse_source("text:").ok());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(in_a_payload),
        cmocka_unit_test(as_an_id),
        cmocka_unit_test(is_spelled_as_it_was),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
