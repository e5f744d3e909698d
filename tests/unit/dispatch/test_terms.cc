// Conditions of a subscription: what an event must be like besides its topic.
#include "dispatch/terms.h"
#include "plan/filter_term.h"
#include "store/store_fixture.h"

using namespace trot;

namespace {

Event order() {
    Event event;
    event.topic = "order.updated";
    event.resource = "order";
    event.resource_id = "7";
    event.action = "updated";
    event.payload = std::make_shared<const std::string>(
        R"({"status":"paid","total":"120.50","count":3,"vip":true,"note":null,"tags":["a","b"],"big":9007199254740993})");
    event.previous = std::make_shared<const std::string>(
        R"({"status":"new","total":"120.50","count":3,"vip":true,"tags":["a" ,"b"],"gone":1})");
    event.context = std::make_shared<const std::string>(R"({"environment":"main"})");
    return event;
}

FilterTerm term(const std::string& what, const char* test, std::vector<std::string> values = {}) {
    FilterTerm out;
    out.what = what;
    out.values = std::move(values);
    if (!set_test(out, test)) fail_msg("no such test: %s %s", what.c_str(), test);
    return out;
}

bool fits(const FilterTerm& one, const Event& event) {
    TermReader reader;
    return reader.fits(one, event);
}

void holds(const std::string& what, const char* test, const std::vector<std::string>& values = {}) {
    if (!fits(term(what, test, values), order())) fail_msg("does not hold: %s %s", what.c_str(), test);
}
void fails(const std::string& what, const char* test, const std::vector<std::string>& values = {}) {
    if (fits(term(what, test, values), order())) fail_msg("holds: %s %s", what.c_str(), test);
}

void values_are_compared_as_text(void**) {
    holds("/status", "equals", {"paid"});
    holds("/status", "equals", {"new", "paid"});
    fails("/status", "equals", {"new"});
    holds("/count", "equals", {"3"});
    holds("/vip", "equals", {"true"});
    holds("/big", "equals", {"9007199254740993"});
    fails("/big", "equals", {"9007199254740992"});
    holds("/tags/1", "equals", {"b"});
    fails("/note", "equals", {""});
    holds("/status", "not", {"new", "open"});
    fails("/status", "not", {"paid"});
    holds("/missing", "not", {"x"});
    holds("/status", "regex", {"^pa"});
    fails("/status", "regex", {"^aid"});
}

void absence_can_be_asked_for(void**) {
    holds("/status", "present");
    fails("/note", "present");
    fails("/missing", "present");
    holds("/missing", "absent");
    holds("/note", "absent");
    fails("/status", "absent");
    fails("/missing", "equals", {"x"});
    fails("/missing", "regex", {""});
}

void numbers_are_compared_as_numbers(void**) {
    holds("/total", "above", {"100"});
    fails("/total", "above", {"120.5"});
    holds("/total", "at_least", {"120.5"});
    holds("/count", "below", {"3.5"});
    fails("/count", "below", {"3"});
    holds("/count", "at_most", {"3"});
    fails("/status", "above", {"0"});
    fails("/missing", "below", {"5"});
    fails("/tags", "below", {"5"});
}

void an_event_has_more_than_its_payload(void**) {
    holds("topic", "equals", {"order.updated"});
    holds("resource", "equals", {"order"});
    holds("resource_id", "equals", {"7", "8"});
    holds("action", "not", {"deleted"});
    fails("action", "absent");
    holds("context:environment", "equals", {"main"});
    fails("context:other", "present");
    holds("previous:/status", "equals", {"new"});
    holds("previous:/gone", "present");
}

void a_field_has_changed_or_not(void**) {
    holds("changed:/status", "equals", {"true"});
    fails("changed:/status", "equals", {"false"});
    holds("changed:/total", "equals", {"false"});
    holds("changed:/gone", "equals", {"true"});
    holds("changed:/big", "equals", {"true"});
    holds("changed:/nowhere", "equals", {"false"});
    holds("changed:/note", "equals", {"false"});  // null and missing are both nothing
    // Where the state before is unknown, all that is there counts as changed.
    Event first = order();
    first.previous = nullptr;
    assert_true(fits(term("changed:/status", "equals", {"true"}), first));
    assert_true(fits(term("changed:/missing", "equals", {"false"}), first));
    assert_false(fits(term("previous:/status", "present"), first));
}

void a_payload_that_is_no_json_has_no_members(void**) {
    Event opaque = order();
    opaque.flags = event_opaque;
    assert_false(fits(term("/status", "equals", {"paid"}), opaque));
    assert_true(fits(term("topic", "equals", {"order.updated"}), opaque));
}

void a_test_needs_a_value_that_fits(void**) {
    FilterTerm one;
    one.values = {"x"};
    assert_false(set_test(one, "above"));
    assert_false(set_test(one, "nope"));
    one.values = {"("};
    assert_false(set_test(one, "regex"));
    one.values = {"(a)\\1"};
    assert_false(set_test(one, "regex"));
    one.values = {"1e400"};
    assert_false(set_test(one, "below"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(values_are_compared_as_text),     cmocka_unit_test(absence_can_be_asked_for),
        cmocka_unit_test(numbers_are_compared_as_numbers), cmocka_unit_test(an_event_has_more_than_its_payload),
        cmocka_unit_test(a_field_has_changed_or_not),      cmocka_unit_test(a_payload_that_is_no_json_has_no_members),
        cmocka_unit_test(a_test_needs_a_value_that_fits),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
