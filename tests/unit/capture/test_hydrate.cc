// What the upstream is to be asked: values of the exchange in their place, and nothing that leaves it.
#include <cstring>

#include "capture/evaluate.h"
#include "exchange_fixture.h"

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
using namespace trot_test;

namespace {

const char* const table = "[hydrate]\nupstream = \"http://127.0.0.1:8000\"\n";

// The target asked for when the answer's /id is that JSON; "" none.
std::string asked(const std::string& hydrate, const std::string& id, const std::string& rest = "") {
    const PlanPtr plan = plan_of(
        "[[hook]]\ntopic = \"order.updated\"\nmatch = \"POST /orders\"\nhydrate = " + hydrate + "\n", table + rest);
    const std::vector<Event> events =
        Evaluator().evaluate(exchange_of(plan, "POST", "/orders?q=a%2Fb&n=4", 200, "{\"id\":" + id + "}"), nullptr);
    assert_int_equal(events.size(), 1);
    assert_int_equal(events[0].flags, 0);
    return events[0].hydrate ? events[0].hydrate->target : "";
}

std::string of_id(const std::string& id) { return asked("\"/o/{response:/id}\"", id); }

void values_in_their_place(void**) {
    assert_string_equal(of_id("5").c_str(), "/o/5");
    assert_string_equal(of_id("\"a-b_c.d~E\"").c_str(), "/o/a-b_c.d~E");
    assert_string_equal(of_id("\"a b?c#d&e=f%2F+g:h@i;j,k\"").c_str(),
                        "/o/a%20b%3Fc%23d%26e%3Df%252F%2Bg%3Ah%40i%3Bj%2Ck");
    assert_string_equal(of_id("\"\\u00e4\"").c_str(), "/o/%C3%A4");
    assert_string_equal(asked("\"/o\"", "5").c_str(), "/o");
    assert_string_equal(asked("\"/o/{response:/none | query:n}/x?a={response:/id}&b\"", "5").c_str(), "/o/4/x?a=5&b");
    assert_string_equal(asked("\"/o/{response:/none | =all}\"", "5").c_str(), "/o/all");
}

void a_missing_value_asks_nothing(void**) {
    for (const char* id : {"null", "\"\"", "{}", "[]"}) assert_string_equal(of_id(id).c_str(), "");
    assert_string_equal(asked("\"/o/{response:/none}\"", "5").c_str(), "");
}

void nothing_climbs(void**) {
    for (const char* id : {"\"..\"", "\".\"", "\"../x\"", "\"a/b\"", "\"/\"", "\"..\\\\x\"", "\"a\\u0000\"",
                           "\"a\\r\\nX: y\"", "\"\\u007f\""})
        if (const std::string target = of_id(id); !target.empty()) fail_msg("%s asks for %s", id, target.c_str());
    // Fixed text and value together.
    assert_string_equal(asked("\"/o/.{response:/id}\"", "\".\"").c_str(), "");
    assert_string_equal(asked("\"/o/.{response:/id}\"", "\"..\"").c_str(), "/o/...");
    assert_string_equal(asked("\"/o?x={query:q}\"", "1").c_str(), "");
    assert_string_equal(asked("\"/o?x={response:/id}\"", "\"..\"").c_str(), "/o?x=..");
    assert_string_equal(of_id("\"" + std::string(513, 'a') + "\"").c_str(), "");
    assert_int_equal(of_id("\"" + std::string(512, 'a') + "\"").size(), 3 + 512);
}

void what_is_redacted_is_not_asked_with(void**) {
    assert_string_equal(asked("\"/o/{response:/id}\"", "\"x\"", "[capture]\nredact = [\"id\"]\n").c_str(), "");
    assert_string_equal(asked("\"/o/{response:/id}\"", "\"$2y$x\"", "[capture]\nredact = [\"=$2y$\"]\n").c_str(), "");
}

void conditions(void**) {
    const std::string hydrate = "{ get = \"/o/{response:/id}\", payload = \"/data\", when = { \"query:n\" = \"4\", ";
    assert_string_equal(asked(hydrate + "\"response:/id\" = 5 } }", "5").c_str(), "/o/5");
    assert_string_equal(asked(hydrate + "\"response:/id\" = 5 } }", "6").c_str(), "");
}

void only_where_there_is_a_table_or_somebody_asks(void**) {
    const PlanPtr plan = plan_of(
        "[[hook]]\ntopic = \"order.updated\"\nmatch = \"POST /orders\"\nitems = \"response:\"\nid = \"item:/id\"\n"
        "hydrate = { get = \"/o/{item:/id}\", payload = \"/data\" }\n");
    const Exchange exchange = exchange_of(plan, "POST", "/orders", 200, "[{\"id\":1},{\"id\":2},{}]");
    Evaluator evaluator;
    for (const Event& event : evaluator.evaluate(exchange, nullptr)) assert_null(event.hydrate.get());
    std::vector<HookReport> reports;
    const std::vector<Event> events = evaluator.evaluate(exchange, &reports);
    assert_int_equal(events.size(), 3);
    assert_string_equal(events[0].hydrate->target.c_str(), "/o/1");
    assert_string_equal(events[1].hydrate->target.c_str(), "/o/2");
    assert_string_equal(events[1].hydrate->pointer.c_str(), "/data");
    assert_null(events[2].hydrate.get());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(values_in_their_place),
        cmocka_unit_test(a_missing_value_asks_nothing),
        cmocka_unit_test(nothing_climbs),
        cmocka_unit_test(what_is_redacted_is_not_asked_with),
        cmocka_unit_test(conditions),
        cmocka_unit_test(only_where_there_is_a_table_or_somebody_asks),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
