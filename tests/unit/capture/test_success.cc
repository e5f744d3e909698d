// Success that is not a status, in the shapes that real APIs have for it: errors beside data (GraphQL), faults
// (XML-RPC), a result in the body, entries of a batch, accepted and not done yet; and ids that only the request knows.
#include <fstream>
#include <sstream>
#include <string>

#include "capture/evaluate.h"

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

// "topic id payload" of each event; without one why the first hook made none.
std::string told(const Exchange& exchange) {
    Evaluator evaluator;
    std::vector<HookReport> reports;
    std::string out;
    for (const Event& event : evaluator.evaluate(exchange, &reports))
        out += (out.empty() ? "" : "; ") + event.topic + " " + event.resource_id + " " + *event.payload;
    return out.empty() && !reports.empty() ? "- " + reports[0].why : out;
}

void is(const std::string& got, const char* want) { assert_string_equal(got.c_str(), want); }

void graphql(void**) {
    const PlanPtr plan = plan_of(R"(
[[hook]]
topic = "order.created"
match = "POST /graphql"
id = "response:/data/createOrder/id"
payload = "response:/data/createOrder"
[hook.when]
"request:/query" = { regex = "^\\s*mutation\\b" }
"response:/errors" = { present = false }
"response:/data/createOrder/id" = { present = true }
)");
    const auto post = [&](const char* query, const char* answer) {
        return told(exchange_of(plan, "POST", "/graphql", 200, answer, std::string("{\"query\":\"") + query + "\"}"));
    };
    const char* const mutation = "mutation M { createOrder { id } }";
    is(post(mutation, R"({"data":{"createOrder":{"id":"7"}}})"), R"(order.created 7 {"id":"7"})");
    is(post(mutation, R"({"errors":[{"message":"no"}],"data":null})"),
       R"(- response:/errors is [{"message":"no"}], wants it absent)");
    // Half of it failed: the order may be there or not.
    is(post(mutation, R"({"data":{"createOrder":{"id":"7"}},"errors":[{"message":"no"}]})"),
       R"(- response:/errors is [{"message":"no"}], wants it absent)");
    is(post("query { createOrder { id } }", R"({"data":{"createOrder":{"id":"7"}}})").substr(0, 19),
       "- request:/query is");
}

std::string body_of(const std::string& file) {
    std::ifstream in(TROTLINE_TESTS_DIR "/cases/traffic/wordpress/" + file);
    std::ostringstream text;
    text << in.rdbuf();
    const size_t head = text.str().find("\r\n\r\n");
    assert_true(head != std::string::npos);
    return text.str().substr(head + 4);
}

void xml_rpc(void**) {
    const PlanPtr plan = plan_of(R"(
[[hook]]
topic = "post.created"
match = "POST /xmlrpc.php"
payload = { method = "=wp.newPost" }
[hook.when]
"request-text" = { contains = "<methodName>wp.newPost</methodName>" }
"response-text" = { contains = "<params>", lacks = "<fault>" }
)");
    const auto recorded = [&](const std::string& name) {
        Exchange exchange =
            exchange_of(plan, "POST", "/xmlrpc.php", 200, body_of(name + ".res"), body_of(name + ".req"));
        exchange.request_fields = {{"Content-Type", "text/xml"}};
        exchange.response_fields = {{"Content-Type", "text/xml; charset=UTF-8"}};
        return told(exchange);
    };
    is(recorded("45-xmlrpc-newPost-200"), R"(post.created  {"method":"wp.newPost"})");
    assert_true(recorded("46-xmlrpc-fault-200").substr(0, 18) == "- response-text is");
}

void accepted_is_not_done(void**) {
    const PlanPtr plan = plan_of(
        "[[hook]]\ntopic = \"a.made\"\nmatch = \"POST /a\"\nstatus = [\"200\", \"201\"]\n"
        "when = { \"response:/result\" = { not = [\"failure\", \"false\"] } }\npayload = \"=x\"\n");
    is(told(exchange_of(plan, "POST", "/a", 202, "{}")), "- status is 202, wants 200 or 201");
    is(told(exchange_of(plan, "POST", "/a", 200, R"({"result":"failure"})")),
       "- response:/result is \"failure\", wants none of \"failure\", \"false\"");
    is(told(exchange_of(plan, "POST", "/a", 200, R"({"result":false})")),
       "- response:/result is false, wants none of \"failure\", \"false\"");
    is(told(exchange_of(plan, "POST", "/a", 200, R"({"result":{"id":1}})")), "a.made  \"x\"");
}

// Directus deletes in bulk so: the ids are in the DELETE's own body, the answer is empty.
void ids_of_a_delete(void**) {
    const PlanPtr plan = plan_of(
        "[[hook]]\ntopic = \"item.deleted\"\nmatch = \"DELETE /items/{collection}\"\nstatus = 204\n"
        "items = \"request:\"\nid = \"item:\"\npayload = { id = \"item:\" }\n"
        "[[hook]]\ntopic = \"one.deleted\"\nmatch = \"DELETE /one\"\nid = \"request:/id\"\n");
    is(told(exchange_of(plan, "DELETE", "/items/orders", 204, "", "[4,\"b\"]")),
       R"(item.deleted 4 {"id":4}; item.deleted b {"id":"b"})");
    is(told(exchange_of(plan, "DELETE", "/items/orders", 403, "", "[4]")), "- status is 403, wants 204");
    is(told(exchange_of(plan, "DELETE", "/items/orders", 204, "", "{}")), "- request: is not an array");
    is(told(exchange_of(plan, "DELETE", "/one", 204, "", R"({"id":9})")), R"(one.deleted 9 {"id":9})");
}

void entries_of_a_batch(void**) {
    const PlanPtr plan = plan_of(
        "[[hook]]\ntopic = \"a.{request-item:/op}d\"\nmatch = \"POST /batch\"\nstatus = [\"200\", \"207\"]\n"
        "items = \"response:/responses\"\nrequest_items = \"request:/requests\"\nid = \"item:/body/id\"\n"
        "payload = \"item:/body\"\nwhen = { \"item:/status\" = [200, 201], \"item:/error\" = { present = false } }\n");
    is(told(exchange_of(
           plan, "POST", "/batch", 207,
           R"({"responses":[{"status":201,"body":{"id":1}},{"status":400,"body":{}},{"status":200,)"
           R"("error":{"code":"x"}},null,{"status":200,"body":{"id":5}}]})",
           R"({"requests":[{"op":"create"},{"op":"create"},{"op":"update"},{"op":"update"},{"op":"delete"}]})")),
       R"(a.created 1 {"id":1}; a.deleted 5 {"id":5})");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(graphql),
        cmocka_unit_test(xml_rpc),
        cmocka_unit_test(ids_of_a_delete),
        cmocka_unit_test(accepted_is_not_done),
        cmocka_unit_test(entries_of_a_batch),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
