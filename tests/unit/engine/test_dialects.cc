// The shipped dialects against exchanges (tests/cases/dialects.jsonl: recorded ones of real WordPress and WooCommerce,
// bodies cut to what the hooks look at, and one for each row of the table of facts; tests/cases/dialects/NAME.jsonl:
// the rows of other systems): which events each makes, with which ids and payloads. A case: name, dialect, options
// ({"on_force_delete":"native"}), method, target, override (header), headers, request (JSON) or form (urlencoded),
// status, response (JSON) or text, location (header), events ("topic id"), payload (of the last event) or payloads (of
// all of them), previous (of the last event, null: none). earlier: exchanges that went by before,
// which are written the same way; their events do not count.
#include <jansson.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "capture/evaluate.h"
#include "dialect/format.h"
#include "plan/load.h"

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

using Json = std::unique_ptr<json_t, decltype(&json_decref)>;

std::string text_of(const json_t* object, const char* key) {
    const char* text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

std::string body_of(const json_t* object, const char* key) {
    const json_t* value = json_object_get(object, key);
    if (!value || json_is_null(value)) return "";
    const std::unique_ptr<char, decltype(&free)> text(json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER), &free);
    return text.get();
}

Exchange exchange_of(const json_t* one, const PlanPtr& plan) {
    Exchange out;
    out.plan = plan;
    out.capture = std::string(16, 'c');
    out.method = text_of(one, "method");
    out.target = text_of(one, "target");
    out.host = "shop.example";
    out.request_fields = {{"Content-Type", "application/json"}};
    const std::string override_method = text_of(one, "override");
    if (!override_method.empty()) out.request_fields.push_back({"X-HTTP-Method-Override", override_method});
    const char* name = nullptr;
    json_t* value = nullptr;
    json_object_foreach(json_object_get(one, "headers"), name, value)
        out.request_fields.push_back({name, json_string_value(value)});
    out.request_body = body_of(one, "request");
    if (json_object_get(one, "form")) {
        out.request_body = text_of(one, "form");
        out.request_fields[0].value = "application/x-www-form-urlencoded";
    }
    out.status = static_cast<int>(json_integer_value(json_object_get(one, "status")));
    out.response_fields = {{"Content-Type", "application/json; charset=UTF-8"}};
    out.response_body = json_object_get(one, "text") ? text_of(one, "text") : body_of(one, "response");
    if (json_object_get(one, "location")) out.response_fields.push_back({"Location", text_of(one, "location")});
    return out;
}

std::string previous_of(const json_t* one) {
    const std::string body = body_of(one, "previous");
    return body.empty() ? "null" : body;
}

// options: an object of texts and booleans, or null.
PlanPtr plan_of(const std::string& dialect, json_t* options) {
    std::string text = "dialects = [\"" + dialect + "\"]\n[dialect." + dialect + "]\n";
    const char* name = nullptr;
    json_t* value = nullptr;
    json_object_foreach(options, name, value) text +=
        std::string(name) + " = " +
        (json_is_boolean(value) ? json_is_true(value) ? "true" : "false" : "\"" + text_of(options, name) + "\"") + "\n";
    Result<PlanPtr> plan = parse_plan(text, "t.toml", shipped_vocabulary());
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    return std::move(plan).value();
}

// How many there were.
int run_cases(const std::filesystem::path& path) {
    std::map<std::string, PlanPtr> plans;  // by dialect and options
    std::ifstream file(path);
    std::string line;
    Evaluator evaluator;
    int count = 0;
    while (std::getline(file, line)) {
        const Json one(json_loads(line.c_str(), 0, nullptr), &json_decref);
        assert_non_null(one.get());
        PlanPtr& plan = plans[text_of(one.get(), "dialect") + body_of(one.get(), "options")];
        if (!plan) plan = plan_of(text_of(one.get(), "dialect"), json_object_get(one.get(), "options"));
        std::string got, payload, payloads;
        MapMemory memory;
        size_t nth = 0;
        json_t* before = nullptr;
        json_array_foreach(json_object_get(one.get(), "earlier"), nth, before) {
            evaluator.evaluate(exchange_of(before, plan), memory, nullptr);
            memory.apply(evaluator.memos());
        }
        std::string previous = "null", context = "null";
        for (const Event& event : evaluator.evaluate(exchange_of(one.get(), plan), memory, nullptr)) {
            previous = event.previous ? *event.previous : "null";
            context = event.context ? *event.context : "null";
            got += event.topic + " " + event.resource_id + "\n";
            payload = event.payload ? *event.payload : "";
            payloads += (payloads.empty() ? "" : ",") + payload;
        }
        std::string wanted;
        size_t index = 0;
        json_t* event = nullptr;
        json_array_foreach(json_object_get(one.get(), "events"), index, event) wanted +=
            std::string(json_string_value(event)) + "\n";
        if (got != wanted)
            fail_msg("%s: wanted\n%sgot\n%s", text_of(one.get(), "name").c_str(), wanted.c_str(), got.c_str());
        const std::string bytes = text_of(one.get(), "payload");
        if (!bytes.empty() && payload != bytes)
            fail_msg("%s: payload is %s, wanted %s", text_of(one.get(), "name").c_str(), payload.c_str(),
                     bytes.c_str());
        const std::string all = body_of(one.get(), "payloads");
        if (!all.empty() && "[" + payloads + "]" != all)
            fail_msg("%s: payloads are [%s], wanted %s", text_of(one.get(), "name").c_str(), payloads.c_str(),
                     all.c_str());
        if (json_object_get(one.get(), "previous") && previous != previous_of(one.get()))
            fail_msg("%s: previous is %s, wanted %s", text_of(one.get(), "name").c_str(), previous.c_str(),
                     previous_of(one.get()).c_str());
        const std::string wanted_context = body_of(one.get(), "context");
        if (!wanted_context.empty() && context != wanted_context)
            fail_msg("%s: context is %s, wanted %s", text_of(one.get(), "name").c_str(), context.c_str(),
                     wanted_context.c_str());
        ++count;
    }
    return count;
}

void recorded_exchanges(void**) { assert_true(run_cases(TROTLINE_TESTS_DIR "/cases/dialects.jsonl") > 150); }

void rows_of_the_tables(void**) {
    for (const auto& file : std::filesystem::directory_iterator(TROTLINE_TESTS_DIR "/cases/dialects"))
        assert_true(run_cases(file.path()) > 20);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(recorded_exchanges), cmocka_unit_test(rows_of_the_tables)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
