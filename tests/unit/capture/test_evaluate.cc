// Hooks over exchanges: which events, with which id, payload and marks, and what a person is told when there are none.
// Over 400 lines, because each rule in the head of evaluate.h stands here once, told by the same few exchanges.
#include <zlib.h>

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

std::vector<Event> events_of(const Exchange& exchange, std::vector<HookReport>* reports = nullptr) {
    Evaluator evaluator;
    return evaluator.evaluate(exchange, reports);
}

Event only(const Exchange& exchange) {
    std::vector<HookReport> reports;
    std::vector<Event> events = events_of(exchange, &reports);
    if (events.size() != 1) print_error("%s\n", reports.empty() ? "no hook" : reports[0].why.c_str());
    assert_int_equal(events.size(), 1);
    return events[0];
}

std::string why(const Exchange& exchange, size_t hook = 0) {
    std::vector<HookReport> reports;
    events_of(exchange, &reports);
    assert_true(hook < reports.size());
    return reports[hook].why;
}

void text_is(const std::string& got, const std::string& want) { assert_string_equal(got.c_str(), want.c_str()); }

const char* const paid = R"(
[[hook]]
topic = "invoice.paid"
match = "POST /api/invoices/{id}/pay"
status = "2xx"
when = { "response:/state" = "paid" }
id = "path:id"
payload = "response:"
)";

void a_plain_hook(void**) {
    const PlanPtr plan = plan_of(paid);
    const Event event =
        only(exchange_of(plan, "POST", "/api/invoices/42/pay?token=x", 200, " {\"state\": \"paid\", \"n\":1.0}\n"));
    text_is(event.topic, "invoice.paid");
    text_is(event.resource, "invoice");
    text_is(event.action, "paid");
    text_is(event.resource_id, "42");
    text_is(event.path, "/api/invoices/42/pay");
    text_is(event.method, "POST");
    text_is(*event.payload, "{\"state\": \"paid\", \"n\":1.0}");
    text_is(event.capture, "0123456789abcdef");
    assert_int_equal(event.status, 200);
    assert_int_equal(event.flags, 0);
    assert_int_equal(event.item, 0);
    assert_true(event.at_ms == 1763776800123);
}

void reasons(void**) {
    const PlanPtr plan = plan_of(paid);
    text_is(why(exchange_of(plan, "POST", "/api/invoices/1/pay", 200, R"({"state":"paid"})")), "matched");
    text_is(why(exchange_of(plan, "POST", "/api/invoices/1/pay", 200, R"({"state":"draft"})")),
            R"(response:/state is "draft", wants "paid")");
    text_is(why(exchange_of(plan, "POST", "/api/invoices/1/pay", 200, R"({})")),
            R"(response:/state is missing, wants "paid")");
    text_is(why(exchange_of(plan, "POST", "/api/invoices/1/pay", 404, R"({})")), "status is 404, wants 2xx");
    text_is(why(exchange_of(plan, "GET", "/api/invoices/1/pay", 200, R"({})")), "method is GET, wants POST");
    text_is(why(exchange_of(plan, "POST", "/api/orders/1", 200, R"({})")),
            "path /api/orders/1 does not match /api/invoices/{id}/pay");
    text_is(why(exchange_of(plan, "POST", "/api/invoices/1/pay", 200, "<html>")),
            R"(response:/state is missing, wants "paid")");
}

void conditions(void**) {
    const auto holds = [](const std::string& when, const std::string& answer) {
        const PlanPtr plan = plan_of("[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /x\"\nwhen = { " + when + " }\n");
        Exchange exchange = exchange_of(plan, "POST", "/x?q=1&q=2&e=", 200, answer, "a=1&b=two&a=3");
        exchange.request_fields = {{"Content-Type", "application/x-www-form-urlencoded"}, {"X-Kind", "new"}};
        exchange.response_fields.push_back({"X-Result", "done"});
        return !events_of(exchange).empty();
    };
    assert_true(holds(R"("response:/n" = 1)", R"({"n":1})"));
    assert_false(holds(R"("response:/n" = 1)", R"({"n":2})"));
    assert_true(holds(R"("response:/n" = "1")", R"({"n":1})"));
    assert_true(holds(R"("response:/ok" = true)", R"({"ok":true})"));
    assert_false(holds(R"("response:/ok" = true)", R"({"ok":false})"));
    assert_true(holds(R"("response:/s" = ["a", "b"])", R"({"s":"b"})"));
    assert_false(holds(R"("response:/s" = ["a", "b"])", R"({"s":"c"})"));
    assert_true(holds(R"("response:/s" = { regex = "^ab+$" })", R"({"s":"abbb"})"));
    assert_false(holds(R"("response:/s" = { regex = "^ab+$" })", R"({"s":"xabbb"})"));
    assert_false(holds(R"("response:/s" = { regex = ".*" })", R"({})"));
    assert_true(holds(R"("response:/s" = { present = true })", R"({"s":null})"));
    assert_false(holds(R"("response:/s" = { present = true })", R"({})"));
    assert_true(holds(R"("response:/s" = { present = false })", R"({})"));
    assert_false(holds(R"("response:/s" = { present = false })", R"({"s":[]})"));
    assert_true(holds(R"("response:/s" = { not = "a" })", R"({"s":"b"})"));
    assert_true(holds(R"("response:/s" = { not = "a" })", R"({})"));
    assert_true(holds(R"("response:/s" = { not = ["a", "b"] })", R"({"s":{}})"));
    assert_false(holds(R"("response:/s" = { not = ["a", "b"] })", R"({"s":"b"})"));
    assert_false(holds(R"("response:/s" = "")", R"({"s":{}})"));
    assert_true(holds(R"("response:/s" = "")", R"({"s":""})"));
    assert_true(holds(R"("query:q" = "2")", "{}"));
    assert_false(holds(R"("query:q" = "1")", "{}"));
    assert_true(holds(R"("query:e" = { present = true })", "{}"));
    assert_true(holds(R"("form:a" = "3", "form:b" = "two")", "{}"));
    assert_false(holds(R"("form:a" = "1")", "{}"));
    assert_true(holds(R"("header:x-result" = "done", "request-header:X-KIND" = "new", "status" = 200)", "{}"));
    assert_true(holds(R"("response:/s" = { regex = "x$" })", "{\"s\":\"" + std::string(60000, 'a') + "x\"}"));
    assert_false(holds(R"("response:/s" = { regex = "x$" })", "{\"s\":\"" + std::string(70000, 'a') + "x\"}"));
}

void ids(void**) {
    const auto id = [](const std::string& source, const std::string& answer, std::string* payload = nullptr,
                       uint32_t* flags = nullptr) {
        const PlanPtr plan =
            plan_of("[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /x/{name}\"\nid = \"" + source + "\"\n");
        Exchange exchange = exchange_of(plan, "POST", "/x/a%2Fb%20c", 201, answer);
        exchange.response_fields.push_back({"Location", "https://shop.example/api/x/na%C3%AFve-7/?a=/b#c/d"});
        const Event event = only(exchange);
        if (payload != nullptr) *payload = *event.payload;
        if (flags != nullptr) *flags = event.flags;
        return event.resource_id;
    };
    std::string payload;
    uint32_t flags = 0;
    text_is(id("response:/id", R"({"id":7})"), "7");
    text_is(id("response:/id", R"({"id":"x\u00e9"})"), "xé");
    text_is(id("response:/id", R"({"id":[1]})", &payload, &flags), "");
    assert_true((flags & event_unmapped) != 0);
    text_is(id("response:/id", R"({"id":null})", &payload, &flags), "");
    assert_true((flags & event_unmapped) != 0);
    text_is(id("header:Location", "{}"), "naïve-7");
    text_is(id("path:name", "", &payload, &flags), "a/b c");
    text_is(payload, R"({"id":"a/b c"})");
    assert_int_equal(flags, event_ambiguous_path);  // of the encoded slash
}

Event with_payload(const std::string& lines, const std::string& answer, const std::string& request = {},
                   const std::string& type = "application/json") {
    const PlanPtr plan =
        plan_of("[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /x/{id}\"\nid = \"path:id\"\n" + lines + "\n");
    Exchange exchange = exchange_of(plan, "POST", "/x/5?dry=no", 200, answer, request);
    exchange.request_fields = {{"Content-Type", type}};
    return only(exchange);
}

void payloads(void**) {
    text_is(*with_payload("", R"([1, 2])").payload, "[1, 2]");
    text_is(*with_payload("", "").payload, R"({"id":5})");
    text_is(*with_payload("", "\xef\xbb\xbf{\"a\":1}").payload, R"({"a":1})");
    Event event = with_payload("", "<html>");
    text_is(*event.payload, "<html>");
    assert_int_equal(event.flags, event_opaque);
    text_is(*with_payload(R"(payload = "response:/data")", R"({"data":{"b":2.50}})").payload, R"({"b":2.50})");
    event = with_payload(R"(payload = "response:/data")", R"({"other":1})");
    text_is(*event.payload, R"({"id":5})");
    assert_int_equal(event.flags, event_unmapped);
    assert_int_equal(with_payload(R"(payload = "response:/data")", "").flags, 0);
    text_is(*with_payload(R"(payload = ["response:/data", "request:"])", R"({"data":null})", R"({"r":1})").payload,
            R"({"r":1})");
    text_is(
        *with_payload(R"(payload = "request:")", "", "a=1&b[c]=x%22&a=2", "application/x-www-form-urlencoded").payload,
        R"({"a":"2","b":{"c":"x\""}})");
    text_is(
        *with_payload("payload = [\"request:\", \"response:\", \"path:id\", \"query:dry\", \"status\"]\nmerge = true",
                      R"({"b":[ 2 ], "c" : 3})", R"({"a":1,"b":1})")
             .payload,
        R"({"a":1,"b":[ 2 ],"c":3,"id":5,"dry":"no","status":200})");
    text_is(*with_payload(
                 R"(payload = { number = "path:id", deep = "response:/a/b", none = "response:/x", dry = "query:dry" })",
                 R"({"a":{"b":"1"}})")
                 .payload,
            R"({"number":5,"deep":"1","dry":"no"})");
}

void items(void**) {
    const PlanPtr plan = plan_of(R"(
[[hook]]
topic = "line.saved"
match = "POST /batch"
items = "response:/items"
when = { "item:/error" = { present = false } }
id = "item:/id"

[[hook]]
topic = "line.asked"
match = "POST /batch"
items = "response:/items"
when = { "request-item:/op" = "add" }
id = "item:/id"
payload = { id = "item:/id", op = "request-item:/op", all = "request:/note" }
)");
    const Exchange exchange =
        exchange_of(plan, "POST", "/batch", 200, R"({"items":[{"id":1},{"id":2,"error":"x"},{"id":3}]})",
                    R"({"items":[{"op":"add"},{"op":"del"},{"op":"add"}],"note":"n"})");
    const std::vector<Event> events = events_of(exchange);
    assert_int_equal(events.size(), 4);
    text_is(events[0].resource_id, "1");
    text_is(*events[0].payload, R"({"id":1})");
    text_is(events[1].resource_id, "3");
    text_is(events[2].topic, "line.asked");
    text_is(*events[3].payload, R"({"id":3,"op":"add","all":"n"})");
    for (size_t i = 0; i < events.size(); ++i) assert_int_equal(events[i].item, i);
    text_is(why(exchange), "matched: 2 of 3 items (the last one left out: item:/error is \"x\", wants it absent)");
    text_is(why(exchange_of(plan, "POST", "/batch", 200, R"({"items":{}})")), "response:/items is not an array");
    text_is(why(exchange_of(plan, "POST", "/batch", 200, R"({"items":[]})")), "0 of 0 items");
    Exchange cut = exchange_of(plan, "POST", "/batch", 200, R"({"items":[{"id":1},)");
    cut.response_truncated = true;
    const std::vector<Event> marked = events_of(cut);
    assert_int_equal(marked.size(), 2);
    assert_true((marked[0].flags & event_unmapped) != 0);

    std::string many = "{\"items\":[0";
    for (size_t i = 1; i < max_items + 5; ++i) many += ",0";
    const std::vector<Event> capped = events_of(exchange_of(plan, "POST", "/batch", 200, many + "]}"));
    assert_int_equal(capped.size(), max_items);
    assert_true((capped[0].flags & event_truncated) != 0);
}

std::string gzip(const std::string& text) {
    z_stream z{};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(deflateBound(&z, text.size()) + 64, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

void bodies_that_cannot_be_read(void**) {
    const PlanPtr strict = plan_of(paid);
    const PlanPtr loose = plan_of(
        "[[hook]]\ntopic = \"a.b\"\nmatch = \"* /api/{rest*}\"\nid = \"response:/id\"\npayload = \"response:\"\n");
    const std::string whole = R"({"id":9,"state":"paid"})";

    Exchange coded = exchange_of(loose, "POST", "/api/x", 200, gzip(whole));
    coded.response_fields.push_back({"Content-Encoding", "gzip"});
    text_is(*only(coded).payload, whole);
    text_is(only(coded).resource_id, "9");

    Exchange unknown = exchange_of(loose, "POST", "/api/x", 200, whole);
    unknown.response_fields.push_back({"Content-Encoding", "zstd"});
    Event event = only(unknown);
    assert_int_equal(event.flags, event_unmapped);
    text_is(*event.payload, "null");

    Exchange cut = exchange_of(loose, "POST", "/api/x", 200, R"({"id":9,"sta)");
    cut.response_truncated = true;
    event = only(cut);
    assert_true((event.flags & event_truncated) != 0);
    text_is(*event.payload, "null");

    Exchange half_coded = exchange_of(loose, "POST", "/api/x", 200, gzip(whole).substr(0, 20));
    half_coded.response_fields.push_back({"Content-Encoding", "gzip"});
    half_coded.ended_early = true;
    event = only(half_coded);
    assert_true((event.flags & event_partial_answer) != 0);
    text_is(*event.payload, "null");

    Exchange early = exchange_of(loose, "POST", "/api/x", 200, whole);
    early.ended_early = true;
    event = only(early);
    assert_int_equal(event.flags, event_partial_answer);
    text_is(*event.payload, whole);

    Exchange unproven = exchange_of(strict, "POST", "/api/invoices/1/pay", 200, R"({"state":"pa)");
    unproven.response_truncated = true;
    Evaluator evaluator;
    std::vector<HookReport> reports;
    assert_true(evaluator.evaluate(unproven, &reports).empty());
    assert_int_equal(evaluator.unproven(), 1);
    text_is(reports[0].why,
            "response:/state cannot be told: the body is longer than the capture's cap, or it broke off");
}

void redaction(void**) {
    const PlanPtr plan = plan_of(
        "[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /x\"\nwhen = { \"response:/password\" = { not = \"no\" } }\n",
        "[capture]\nredact = [\"password\", \"card_number\"]\n");
    Exchange exchange = exchange_of(plan, "POST", "/x", 200,
                                    R"({ "Password" : {"a":1}, "l":[{"card\u005fnumber":"4111", "k":1.0}], "ok":1 })");
    text_is(*only(exchange).payload,
            R"({ "Password" : "[redacted]", "l":[{"card\u005fnumber":"[redacted]", "k":1.0}], "ok":1 })");
    exchange.response_body = R"({"password":"no"})";
    text_is(why(exchange), "response:/password is another (its value is redacted), wants anything but \"no\"");
}

void redaction_by_the_beginning(void**) {
    const PlanPtr plan =
        plan_of("[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /x\"\nwhen = { \"response:/a\" = { not = \"no\" } }\n",
                "[capture]\nredact = [\"key\", \"=$2y$\", \"=sk/\"]\n");
    text_is(*only(exchange_of(plan, "POST", "/x", 200,
                              R"({"pin":"$2y$10$a\/b","$2y$k":1,"l":["\u00242y$","x$2y$","sk\/1"],"key":["$2y$"]})"))
                 .payload,
            R"({"pin":"[redacted]","$2y$k":1,"l":["[redacted]","x$2y$","[redacted]"],"key":"[redacted]"})");
    text_is(*only(exchange_of(plan, "POST", "/x", 200, "\"$2y$1\"")).payload, "\"[redacted]\"");
    const PlanPtr asking =
        plan_of("[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /x\"\nwhen = { \"response:/a\" = \"no\" }\n",
                "[capture]\nredact = [\"=$2y$\"]\n");
    text_is(why(exchange_of(asking, "POST", "/x", 200, R"({"a":"$2y$1"})")),
            "response:/a is another (its value is redacted), wants \"no\"");
}

void several_hooks(void**) {
    const PlanPtr plan = plan_of(R"(
[[hook]]
topic = "a.one"
match = "POST /x/{id}"
id = "path:id"
[[hook]]
topic = "a.two"
match = "* /x/{rest*}"
[[hook]]
topic = "a.three"
match = "POST /x/{id}?mode=fast"
)");
    const std::vector<Event> events = events_of(exchange_of(plan, "POST", "/x/1?mode=fast", 200, "{}"));
    assert_int_equal(events.size(), 3);
    text_is(events[0].resource_id, "1");
    text_is(events[2].topic, "a.three");
    assert_int_equal(events[2].item, 2);
    text_is(why(exchange_of(plan, "POST", "/x/1?mode=slow", 200, "{}"), 2), R"(query parameter 'mode' is not "fast")");
    text_is(why(exchange_of(plan, "POST", "/x/1", 200, "{}"), 2), "the query has no parameter 'mode'");
}

void elements_that_stand_elsewhere_in_the_request(void**) {
    const PlanPtr plan = plan_of(R"(
[[hook]]
topic = "entry.saved"
match = "POST /save"
items = "response:"
request_items = "request:/data | request:/entries"
args = ["item:/id", { present = "request-item:/id" }]
)");
    const auto payloads = [&](const char* request) {
        std::string out;
        for (const Event& event : events_of(exchange_of(plan, "POST", "/save", 200, R"([{"id":1},{"id":2}])", request)))
            out += *event.payload;
        return out;
    };
    text_is(payloads(R"({"data":[{"id":1},{"a":0}]})"), "[1,true][2,false]");
    text_is(payloads(R"({"entries":[{},{"id":2}]})"), "[1,false][2,true]");
    text_is(payloads(R"([{"id":1},{"id":2}])"), "[1,false][2,false]");
}

void types(void**) {
    const PlanPtr plan = plan_of(R"(
[[hook]]
topic = "one.asked"
match = "GET,POST /remove"
when = { "request:/filter | query:filter" = { type = ["string", "number"] } }

[[hook]]
topic = "many.asked"
match = "POST /remove"
when = { "request:/filter" = { type = "object" } }
)");
    const auto asked = [&](const char* request) {
        return only(exchange_of(plan, "POST", "/remove", 200, "{}", request)).topic;
    };
    text_is(asked(R"({"filter":"a"})"), "one.asked");
    text_is(asked(R"({"filter":7})"), "one.asked");
    text_is(asked(R"({"filter":{"a":1}})"), "many.asked");
    text_is(only(exchange_of(plan, "GET", "/remove?filter=x", 200, "{}")).topic, "one.asked");
    for (const char* other : {R"({"filter":null})", R"({"filter":[]})", R"({"filter":true})", "{}"})
        assert_int_equal(events_of(exchange_of(plan, "POST", "/remove", 200, "{}", other)).size(), 0);
    text_is(why(exchange_of(plan, "POST", "/remove", 200, "{}", R"({"filter":true})"), 1),
            "request:/filter is true, wants the type \"object\"");
}

void a_query_that_is_a_form(void**) {
    const PlanPtr plan = plan_of(R"(
[[hook]]
topic = "entry.saved"
match = "GET /save"
args = ["query:/data", "query:/data/tags/1", "query:data[title]", "query:/none"]
)");
    text_is(*only(exchange_of(plan, "GET", "/save?data[title]=a%20b&data%5Btags%5D[]=x&data[tags][]=y&t=1", 200, "{}"))
                 .payload,
            R"([{"title":"a b","tags":["x","y"]},"y","a b",null])");
    text_is(*only(exchange_of(plan, "GET", "/save", 200, "{}")).payload, "[null,null,null,null]");
}

void elements_of_the_query(void**) {
    const PlanPtr plan = plan_of(R"(
[[hook]]
topic = "post.deleted"
match = "GET /edit?action=trash"
items = "query:/post | query:/id | query:ids"
id = "item:"
payload = { id = "item:", of = ["item:", "text:item:"] }
)");
    const std::vector<Event> two =
        events_of(exchange_of(plan, "GET", "/edit?action=trash&post%5B%5D=4&post[]=b", 200, ""));
    assert_int_equal(two.size(), 2);
    text_is(two[0].resource_id, "4");
    text_is(*two[0].payload, R"({"id":4,"of":[4,"4"]})");
    text_is(*two[1].payload, R"({"id":"b","of":["b","b"]})");
    text_is(*only(exchange_of(plan, "GET", "/edit?action=trash&id[0]=5", 200, "")).payload, R"({"id":5,"of":[5,"5"]})");
    const std::vector<Event> listed = events_of(exchange_of(plan, "GET", "/edit?action=trash&ids=6%2C7,8", 200, ""));
    assert_int_equal(listed.size(), 3);
    text_is(*listed[0].payload, R"({"id":6,"of":[6,"6"]})");
    text_is(listed[2].resource_id, "8");
    text_is(only(exchange_of(plan, "GET", "/edit?action=trash&ids=9", 200, "")).resource_id, "9");
    for (const char* none : {"/edit?action=trash", "/edit?action=trash&post=4", "/edit?action=trash&post[a]=4"})
        text_is(why(exchange_of(plan, "GET", none, 200, ""), 0), "query:/post | query:/id | query:ids is not an array");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_hook),
        cmocka_unit_test(reasons),
        cmocka_unit_test(conditions),
        cmocka_unit_test(ids),
        cmocka_unit_test(payloads),
        cmocka_unit_test(items),
        cmocka_unit_test(bodies_that_cannot_be_read),
        cmocka_unit_test(redaction),
        cmocka_unit_test(redaction_by_the_beginning),
        cmocka_unit_test(several_hooks),
        cmocka_unit_test(elements_that_stand_elsewhere_in_the_request),
        cmocka_unit_test(types),
        cmocka_unit_test(a_query_that_is_a_form),
        cmocka_unit_test(elements_of_the_query),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
