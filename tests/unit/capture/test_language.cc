// The hook language over exchanges: computed and several topics, payload shapes, phases, envelopes, forms, texts,
// links.
#include <string>

#include "capture/evaluate.h"
#include "capture/form_json.h"

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

// "topic resource/action id payload" of each event, a line each; without events why not.
std::string told(const Exchange& exchange) {
    Evaluator evaluator;
    std::vector<HookReport> reports;
    std::string out;
    for (const Event& event : evaluator.evaluate(exchange, &reports))
        out += event.topic + " " + event.resource + "/" + event.action + " " + event.resource_id + " " +
               *event.payload + "\n";
    return out.empty() && !reports.empty() ? reports[0].why : out;
}

void is(const std::string& got, const char* want) { assert_string_equal(got.c_str(), want); }

Exchange with_type(Exchange exchange, const char* type) {
    exchange.request_fields = {{"Content-Type", type}};
    return exchange;
}

void computed_topics(void**) {
    const PlanPtr plan = plan_of(R"(
[[hook]]
topic = "object.made.{response:/object/status | request:/status | =published}"
resource = "object"
action = "{request:/verb | =made}"
match = "POST /objects"
payload = "=x"
)");
    const auto object = [&](const char* answer, const char* request = "{}") {
        return told(exchange_of(plan, "POST", "/objects", 200, answer, request));
    };
    is(object(R"({"object":{"status":"draft"}})"), "object.made.draft object/made  \"x\"\n");
    is(object(R"({"object":{"status":null}})", R"({"status":"old","verb":"put"})"),
       "object.made.old object/put  \"x\"\n");
    is(object("{}"), "object.made.published object/made  \"x\"\n");
    is(object(R"({"object":{"status":"two words"}})"),
       "no topic: response:/object/status | request:/status | =published is \"two words\", which is no part of a "
       "topic");
    is(object(R"({"object":{"status":"a.b"}})"),
       "no topic: response:/object/status | request:/status | =published is \"a.b\", which is no part of a topic");
    Exchange cut = exchange_of(plan, "POST", "/objects", 200, R"({"object":{"sta)");
    cut.response_truncated = true;
    Evaluator evaluator;
    assert_true(evaluator.evaluate(cut, nullptr).empty());  // the answer might have said another status
    assert_int_equal(evaluator.unproven(), 1);
}

void several_topics(void**) {
    const PlanPtr plan = plan_of(
        "[[hook]]\ntopics = [\"page.saved\", \"page.saved.{path:name}\", \"page.seen.{query:x}\"]\n"
        "match = \"POST /p/{name}\"\nid = \"path:name\"\n");
    is(told(exchange_of(plan, "POST", "/p/home", 200, "{}")),
       "page.saved page/saved home {}\npage.saved.home page.saved/home home {}\n");
    const PlanPtr folded = plan_of("[[hook]]\ntopic = \"{path:kind}.made\"\nmatch = \"POST /{kind:cat|dog}s\"\n",
                                   "[capture]\nignore_case = true\n");
    is(told(exchange_of(folded, "POST", "/DOGS", 200, "{}")), "dog.made dog/made  {}\n");
}

std::string payload(const std::string& lines, const std::string& answer, const std::string& request = {}) {
    const PlanPtr plan = plan_of("[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /x/{id}\"\n" + lines + "\n");
    Evaluator evaluator;
    const std::vector<Event> events =
        evaluator.evaluate(exchange_of(plan, "POST", "/x/5?t=no", 200, answer, request), nullptr);
    assert_int_equal(events.size(), 1);
    return *events[0].payload;
}

void shapes(void**) {
    is(payload(R"(args = ["path:id", "response:", { present = "request:/data/_id" }])", R"({ "n" : 1.0 })",
               R"({"data":{}})"),
       R"([5,{ "n" : 1.0 },false])");
    is(payload(R"(args = ["response:/none", "=5", 5, true, 1.5, []])", "{}"), R"([null,"5",5,true,1.5,[]])");
    is(payload(
           R"(payload = { a = { b = ["query:t", "=x y"] }, none = "response:/n", gone = { absent = "response:/n" } })",
           "{}"),
       R"({"a":{"b":["no","x y"]},"gone":true})");
    is(payload(R"(payload = { id = "response:/a | response:/b | =none", present = "path:id" })",
               R"({"a":null,"b":[ 1 ]})"),
       R"({"id":[ 1 ],"present":5})");
    is(payload(R"(payload = "response:/a | request:/a")", R"({"a":null})", R"({"a":{"deep":"2"}})"), R"({"deep":"2"})");
    is(payload("payload = [\"response:\", { extra = \"path:id\" }, \"response:/n\"]\nmerge = true",
               R"({"n":1,"extra":0})"),
       R"({"n":1,"extra":5})");
    is(payload(R"(payload = { text = "response-text", ask = "request-text" })", "<html>", "a b"),
       R"({"text":"<html>","ask":"a b"})");
    is(payload(R"(payload = { id = "link:response:/to", bad = "link:response:/none" })",
               R"({"to":"https://x.example/a/77/?k=1"})"),
       R"({"id":77})");
}

void phases(void**) {
    const PlanPtr plan = plan_of(R"(
[[hook]]
topic = "a.after"
match = "POST /a"
items = "response:"
id = "item:/id"
[[hook]]
topic = "a.other"
match = "POST /a"
[[hook]]
topic = "a.before"
phase = "before"
match = "POST /a"
items = "response:"
id = "item:/id"
[[hook]]
topic = "a.first"
phase = "before"
match = "POST /a"
)");
    is(told(exchange_of(plan, "POST", "/a", 200, R"([{"id":1},{"id":2}])", R"([{"x":1},{"x":2}])")),
       "a.first a/first  [{\"x\":1},{\"x\":2}]\n"
       "a.before a/before 1 {\"x\":1}\na.after a/after 1 {\"id\":1}\n"
       "a.before a/before 2 {\"x\":2}\na.after a/after 2 {\"id\":2}\n"
       "a.other a/other  [{\"id\":1},{\"id\":2}]\n");
    is(told(exchange_of(plan, "POST", "/a", 500, "[]")), "status is 500, wants 2xx");
}

const char* const in_envelopes =
    "[capture]\nenvelope = { when = { \"query:_envelope\" = { present = true } }, status = \"/status\", headers = "
    "\"/headers\", body = \"/body\" }\n";

void envelopes(void**) {
    const PlanPtr plan = plan_of(
        "[[hook]]\ntopic = \"a.made\"\nmatch = \"POST /a\"\nstatus = 201\nid = \"response:/id\"\npayload = "
        "[\"response:/none\", \"response:\"]\nwhen = { status = 201 }\n",
        in_envelopes);
    const auto post = [&](const char* target, int status, const char* answer) {
        return told(exchange_of(plan, "POST", target, status, answer));
    };
    is(post("/a", 201, R"({"id":1})"), "a.made a/made 1 {\"id\":1}\n");
    is(post("/a?_envelope", 200, R"({"body":{ "id":2 },"status":201,"headers":{}})"), "a.made a/made 2 { \"id\":2 }\n");
    is(post("/a?_envelope", 200, R"({"body":{"id":2},"status":400,"headers":{}})"), "status is 400, wants 201");
    is(post("/a?_envelope", 201, "callback({})"), "the status cannot be told, wants 201");
    is(post("/a?_envelope", 201, R"({"id":3})"), "a.made a/made 3 {\"id\":3}\n");  // JSON, but no envelope
    is(post("/a", 201, R"({"body":{"id":2},"status":400})"), R"(a.made a/made  {"body":{"id":2},"status":400})"
                                                             "\n");

    const PlanPtr always = plan_of(
        "[[hook]]\ntopic = \"a.made\"\nmatch = \"POST /a\"\nid = \"header:Location\"\nitems = \"response:/list\"\n",
        "[capture]\nenvelope = { headers = \"/h\", body = \"/data\" }\n");
    is(told(exchange_of(always, "POST", "/a", 200, R"({"h":{"Location":"/a/9"},"data":{"list":[1]}})")),
       "a.made a/made 9 1\n");
    is(told(exchange_of(always, "POST", "/a", 200, R"({"list":[2]})")), "a.made a/made  2\n");
}

void forms(void**) {
    const auto json = [](std::initializer_list<std::pair<const char*, const char*>> fields) {
        FormFields form;
        for (const auto& [name, value] : fields) form.push_back({{name, value}, false, {}});
        return form_json(form);
    };
    is(json({}), "{}");
    is(json({{"a", "1"}, {"a", "2"}, {"b[c]", "\""}}), R"({"a":"2","b":{"c":"\""}})");
    is(json({{"t[]", "x"}, {"t[]", "y"}, {"u[1]", "z"}, {"v[5]", "a"}, {"v[]", "b"}}),
       R"({"t":["x","y"],"u":{"1":"z"},"v":{"5":"a","6":"b"}})");
    is(json({{"r[0][n]", "x"}, {"r[0][m]", "y"}, {"r[1][n]", "z"}}), R"({"r":[{"n":"x","m":"y"},{"n":"z"}]})");
    is(json({{"a", "1"}, {"a[b]", "2"}, {"c[d]", "3"}, {"c", "4"}}), R"({"a":{"b":"2"},"c":"4"})");
    is(json({{"a[b", "1"}, {"[x]", "2"}, {"a]b", "3"}, {"c[d]e", "4"}}),
       R"({"a[b":"1","[x]":"2","a]b":"3","c":{"d":"4"}})");
    std::string deep = "a";
    for (int i = 0; i < 5000; ++i) deep += "[b]";
    assert_true(json({{deep.c_str(), "1"}}).size() < 1000);

    const PlanPtr plan = plan_of(
        "[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /x\"\nwhen = { \"request:/data/kind\" = \"new\", "
        "\"form:data[kind]\" = "
        "\"new\" }\npayload = { title = \"request:/data/title\", file = \"request:/up\", first = \"form:up\", all = "
        "\"request:/data\" }\n");
    is(told(with_type(exchange_of(plan, "POST", "/x", 200, "", "data[kind]=new&data%5Btitle%5D=a+b"),
                      "application/x-www-form-urlencoded")),
       "a.b a/b  {\"title\":\"a b\",\"all\":{\"kind\":\"new\",\"title\":\"a b\"}}\n");
    is(told(with_type(exchange_of(plan, "POST", "/x", 200, "",
                                  "--B\r\nContent-Disposition: form-data; name=\"data[kind]\"\r\n\r\nnew\r\n"
                                  "--B\r\nContent-Disposition: form-data; name=\"up\"; filename=\"p.png\"\r\n"
                                  "Content-Type: image/png\r\n\r\nbytes\r\n--B--\r\n"),
                      "multipart/form-data; boundary=B")),
       "a.b a/b  "
       "{\"file\":{\"name\":\"p.png\",\"type\":\"image/png\"},\"first\":\"p.png\",\"all\":{\"kind\":\"new\"}}\n");
}

void texts_and_twins(void**) {
    const PlanPtr plan = plan_of(
        "[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /rpc\"\nwhen = { \"response-text\" = { contains = \"<params>\", "
        "lacks = "
        "\"<fault>\" } }\npayload = \"=x\"\n");
    is(told(exchange_of(plan, "POST", "/rpc", 200, "<params/><params>")), "a.b a/b  \"x\"\n");
    is(told(exchange_of(plan, "POST", "/rpc", 200, "<params><fault>")),
       R"(response-text is "<params><fault>", wants it without "<fault>")");
    is(told(exchange_of(plan, "POST", "/rpc", 200, "<html>")), R"(response-text is "<html>", wants "<params>" in it)");
    is(told(exchange_of(plan, "POST", "/rpc", 200, "")), R"(response-text is missing, wants "<params>" in it)");

    const auto twins = [](const char* test, const char* answer) {
        const PlanPtr twin = plan_of(std::string("[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /x\"\npayload = \"=x\"\n"
                                                 "when = { \"response:/a\" = { ") +
                                     test + " = \"response:/b\" } }\n");
        return told(exchange_of(twin, "POST", "/x", 200, answer));
    };
    is(twins("same", R"({"a":1,"b":"1"})"), "a.b a/b  \"x\"\n");
    is(twins("same", R"({"a":{"d":1},"b":{"d":1}})"), "a.b a/b  \"x\"\n");
    is(twins("same", R"({"a":1,"b":2})"), "response:/a is 1, wants the same as response:/b");
    is(twins("same", "{}"), "response:/a is missing, wants the same as response:/b");
    is(twins("other", R"({"a":1,"b":2})"), "a.b a/b  \"x\"\n");
    is(twins("other", R"({"a":1})"), "response:/a is 1, wants another than response:/b");

    // Of an object or an array, its bytes are searched.
    const auto searched = [](const char* test, const char* answer) {
        const PlanPtr plan = plan_of(std::string("[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /x\"\npayload = \"=x\"\n"
                                                 "when = { \"response:/a\" = { ") +
                                     test + " = \"{\" } }\n");
        return told(exchange_of(plan, "POST", "/x", 200, answer));
    };
    is(searched("contains", R"({"a":[null,{}]})"), "a.b a/b  \"x\"\n");
    is(searched("contains", R"({"a":[null]})"), R"(response:/a is [null], wants "{" in it)");
    is(searched("lacks", R"({"a":[null]})"), "a.b a/b  \"x\"\n");
    is(searched("lacks", R"({"a":{}})"), R"(response:/a is {}, wants it without "{")");

    // JSON is read whatever its Content-Type says.
    const PlanPtr page = plan_of("[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /x\"\nid = \"response:/id\"\n");
    Exchange exchange = exchange_of(page, "POST", "/x", 200, R"({"id":7})");
    exchange.response_fields = {{"Content-Type", "text/html; charset=UTF-8"}};
    is(told(exchange), "a.b a/b 7 {\"id\":7}\n");
}

// A value that is redacted stays out, whatever member, text or reason it would go to.
void redaction(void**) {
    const auto post = [&](const char* topic) {
        const PlanPtr plan =
            plan_of(std::string("[[hook]]\ntopic = \"a.") + topic +
                        "\"\nmatch = \"POST /x\"\nid = \"query:token\"\npayload = { x = \"form:data[token]\", y = "
                        "\"request:/data/token\", z = \"query:token\", text = \"request-text\", all = \"request:\" }\n",
                    "[capture]\nredact = [\"token\"]\n");
        return told(with_type(exchange_of(plan, "POST", "/x?token=q", 200, "{}", "data[token]=t"),
                              "application/x-www-form-urlencoded"));
    };
    is(post("b"),
       "a.b a/b  {\"x\":\"[redacted]\",\"y\":\"[redacted]\",\"z\":\"[redacted]\",\"all\":{\"data\":{\"token\":"
       "\"[redacted]\"}}}\n");
    is(post("{request:/data/token | =b}"), "no topic: request:/data/token | =b is redacted");
}

void a_form_names_the_method(void**) {
    const PlanPtr plan = plan_of("[[hook]]\ntopic = \"a.gone\"\nmatch = \"DELETE /a/{id}\"\nid = \"path:id\"\n",
                                 "[capture]\nmethod_override = [\"form\"]\n");
    const Exchange exchange = exchange_of(plan, "POST", "/a/3", 204, "", "x=1&_method=delete");
    is(told(with_type(exchange, "application/x-www-form-urlencoded")), "a.gone a/gone 3 {\"id\":3}\n");
    is(told(exchange_of(plan, "POST", "/a/3", 204, "", R"({"_method":"DELETE"})")), "method is POST, wants DELETE");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(computed_topics), cmocka_unit_test(several_topics),
        cmocka_unit_test(shapes),          cmocka_unit_test(phases),
        cmocka_unit_test(envelopes),       cmocka_unit_test(forms),
        cmocka_unit_test(texts_and_twins), cmocka_unit_test(a_form_names_the_method),
        cmocka_unit_test(redaction),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
