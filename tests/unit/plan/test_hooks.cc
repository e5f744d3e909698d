// Hooks: templates, sources, conditions, status ranges, payloads; and the headers of tests/cases/ssrf.tsv.
#include "loading.h"
#include "plan/regex.h"
#include "plan/route_template.h"

using namespace trot;
using test::load;
using test::refused;

namespace {

std::string hook(const std::string& lines) {
    return "[[hook]]\ntopic = \"order.line.created\"\nmatch = \"POST /orders/{id}\"\n" + lines;
}

void defaults(void**) {
    const PlanPtr plan = load(hook(""));
    const Hook& one = plan->hooks[0];
    assert_string_equal(one.name.c_str(), "order.line.created");
    assert_int_equal(one.topics.size(), 1);
    assert_string_equal(one.topics[0].spelling.c_str(), "order.line.created");
    assert_true(one.topics[0].pieces.empty() && !one.resource.set() && !one.action.set());
    assert_int_equal(one.status.size(), 1);
    assert_int_equal(one.status[0].high, 299);
    assert_true(one.id.empty());
    assert_true(one.payload.kind == Shape::Kind::first && one.payload.children.size() == 1);
    assert_true(one.payload.children[0].sources[0].part == Source::Part::response);
    assert_false(one.guarantee.has_value());
}

void everything(void**) {
    const PlanPtr plan =
        load(hook("name = \"n\"\nresource = \"r\"\naction = \"a\"\nstatus = [\"201\", 204, \"300-399\", "
                  "\"2xx\"]\nitems = \"response:/create\"\n"
                  "id = \"item:/id\"\npayload = [\"request:\", \"item:\"]\nmerge = true\nguarantee = "
                  "\"async\"\non_fault = \"reject\"\n"
                  "when = { \"response:/z\" = \"paid\", \"query:a\" = [1, true, \"x\"], \"path:id\" = { regex = "
                  "\"^[0-9]+$\", not = \"0\" }, "
                  "\"request-item:/id\" = { present = false }, status = 201 }\n"));
    const Hook& one = plan->hooks[0];
    assert_int_equal(one.status.size(), 4);
    assert_int_equal(one.status[1].low, 204);
    assert_int_equal(one.when.size(), 6);
    assert_string_equal(one.when[0].spelling.c_str(), "response:/z is \"paid\"");  // as written, not sorted
    assert_string_equal(one.when[1].spelling.c_str(), "query:a is one of \"1\", \"true\", \"x\"");
    assert_string_equal(one.when[2].spelling.c_str(), "path:id matches \"^[0-9]+$\"");
    assert_true(one.when[3].test == Condition::Test::differs);
    assert_true(one.when[4].test == Condition::Test::absent);
    assert_true(one.when[4].sources[0].part == Source::Part::request_item);
    assert_true(one.when[5].sources[0].part == Source::Part::status);
    assert_true(one.payload.kind == Shape::Kind::merged && one.payload.children.size() == 2);
    assert_true(*one.guarantee == Guarantee::async && *one.on_fault == OnFault::reject);
    assert_true(std::regex_search("42", *one.when[2].regex));

    const Hook made = load(hook("payload = { id = \"path:id\", kind = \"response:/kind\" }\n"))->hooks[0];
    assert_true(made.payload.kind == Shape::Kind::object && made.payload.children.size() == 2);
    assert_string_equal(made.payload.names[1].c_str(), "\"kind\"");
    const Hook walking = load(hook("items = \"response:\"\n"))->hooks[0];
    assert_true(walking.payload.children[0].sources[0].part == Source::Part::item);
}

void mistakes(void**) {
    refused("[[hook]]\n", {"1:1", "no 'topic'", "no 'match'"});
    refused("[[hook]]\ntopic = \"a b\"\nmatch = \"POST /\"\n", {"2:9", "topic \"a b\" is wrong"});
    refused("[[hook]]\ntopic = \"trotline.x\"\nmatch = \"POST /\"\n", {"Trotline's own"});
    refused(hook("status = \"2x\"\n"), {"4:10", "'status' is \"2x\""});
    refused(hook("status = 700\n"), {"'status' is \"700\""});
    refused(hook("status = [[1]]\n"), {"must be a status"});
    refused(hook("id = \"respons:/id\"\n"), {"4:6", "did you mean \"response\"?"});
    refused(hook("id = \"response:id\"\n"), {"4:6", "wrong JSON pointer"});
    refused(hook("id = \"path:nr\"\n"), {"not in the path", "it has: id"});
    refused(hook("id = \"path:\"\n"), {"names nothing"});
    refused(hook("id = \"item:/id\"\n"), {"needs 'items'"});
    refused(hook("items = \"path:id\"\n"), {"must be an array"});
    assert_int_equal(load(hook("items = \"query:/post | query:ids\"\n"))->hooks[0].items.size(), 2);
    refused(hook("payload = []\n"), {"empty list"});
    refused(hook("payload = {}\n"), {"empty table"});
    refused(hook("merge = true\n"), {"several sources"});
    refused(hook("when = \"x\"\n"), {"table like"});
    refused(hook("when = { \"respnse:/a\" = 1 }\n"), {"4:10", "did you mean \"response\"?"});
    refused(hook("when = { \"response:/a\" = { regx = \"a\" } }\n"), {"did you mean 'regex'?"});
    refused(hook("when = { \"response:/a\" = { regex = \"(\" } }\n"), {"regex \"(\" is wrong"});
    refused(hook("when = { \"response:/a\" = { regex = \"(a)\\\\1\" } }\n"), {"back references"});
    refused(hook("when = { \"response:/a\" = {} }\n"), {"test of \"response:/a\" is empty"});
    refused(hook("when = { \"response:/a\" = [] }\n"), {"must be a value"});
    refused(hook("when = { \"response:/a\" = [[1]] }\n"), {"list of strings"});
    refused(hook("when = { \"response:/a\" = { present = 1 } }\n"), {"true or false"});
    refused(hook("when = { \"response:/a\" = { type = \"text\" } }\n"), {"\"text\" is no type, there are: object"});
    refused(hook("id = \"query:/a~2\"\n"), {"wrong JSON pointer"});
    refused(hook("request_items = \"request:/a\"\n"), {"needs 'items'"});
    refused(hook("items = \"response:\"\nrequest_items = \"response:/a\"\n"), {"must be an array in the request"});
    refused(hook("guarantee = \"intent\"\n"), {"not available yet"});
}

void mistakes_of_the_language(void**) {
    const auto bare = [](const std::string& lines) { return "[[hook]]\nmatch = \"POST /orders/{id}\"\n" + lines; };
    refused(hook("topics = [\"a\"]\n"), {"4:10", "'topic' and 'topics', keep one"});
    refused(bare("topics = []\n"), {"3:10", "'topics' is empty"});
    refused(bare("topics = \"a.b\"\n"), {"3:10", "'topics' must be a list"});
    refused(bare("topics = [\"a.b\", \"a b\"]\n"), {"3:18", "topic \"a b\" is wrong"});
    refused(bare("topic = \"a.{response:/x\"\n"), {"3:9", "a brace without its partner"});
    refused(bare("topic = \"a.{respnse:/x}\"\n"), {"3:9", "did you mean \"response\"?"});
    refused(bare("topic = \"a.{path:nr}\"\n"), {"3:9", "not in the path", "it has: id"});
    refused(bare("topic = \"a.{response:/x | =a b}\"\n"), {"\"a b\" cannot be a part of a topic"});
    refused(bare("topic = \"a..{path:id}\"\n"), {"topic \"a..{path:id}\" is wrong"});
    refused(bare("topic = \"trotline.{path:id}\"\n"), {"Trotline's own"});
    refused(hook("resource = \"{item:/x}\"\n"), {"4:12", "needs 'items'"});
    refused(hook("phase = \"bevor\"\n"), {"4:9", "did you mean \"before\"?"});
    refused(hook("payload = \"path:id\"\nargs = [\"path:id\"]\n"), {"5:8", "'payload' and 'args', keep one"});
    refused(hook("args = \"path:id\"\n"), {"4:8", "'args' must be a list"});
    refused(hook("args = [\"path:id\", { a = { b = \"path:nr\" } }]\n"), {"4:32", "not in the path"});
    refused(hook("payload = { a = {} }\n"), {"4:17", "empty table"});
    refused(hook("payload = { a = inf }\n"), {"4:17", "no number of JSON"});
    refused(hook("payload = { a = 2026-01-01 }\n"), {"4:17", "'payload' must be a source"});
    refused(hook("id = \"path:id | response\"\n"), {"4:6", "\"response\""});
    refused(hook("id = \"link:pth:id\"\n"), {"4:6", "did you mean \"path\"?"});
    refused(hook("when = { \"path:id\" = { same = \"path:nr\" } }\n"), {"4:10", "not in the path"});
    refused(hook("when = { \"path:id\" = { contains = 5 } }\n"), {"4:35", "a text to look for"});
    refused("[capture]\nenvelope = { when = {} }\n", {"2:12", "names nothing inside it"});
    refused("[capture]\nenvelope = { body = \"body\" }\n", {"2:21", "JSON pointer into the outer body"});
    refused("[capture]\nenvelope = { body = \"/b\", bdy = 1 }\n", {"did you mean 'body'?"});
    refused("[capture]\nenvelope = { body = \"/b\", when = { \"path:x\" = 1 } }\n", {"is a hook's"});
    const Hook one = load(hook("source = \"the manual\"\nphase = \"before\"\n"))->hooks[0];
    assert_string_equal(one.source.c_str(), "the manual");
    assert_true(one.before && one.payload.children[0].sources[0].part == Source::Part::request);
}

void regex_is_safe(void**) {
    // Exponential for a backtracking engine, and a stack frame a byte.
    const Hook one = load(hook("when = { \"response:/a\" = { regex = \"^(a|a)*b$\" } }\n"))->hooks[0];
    assert_false(std::regex_search(std::string(max_regex_value, 'a'), *one.when[0].regex));
    refused(hook("when = { \"response:/a\" = { regex = \"" + std::string(2000, '(') + "\" } }\n"),
            {"longer than 1024"});
    refused(hook("when = { \"response:/a\" = { regex = \"" + std::string(1000, '(') + "\" } }\n"), {"is wrong"});
}

std::string route(const char* text) {
    const Result<std::vector<Route>> parsed = parse_routes(text);
    if (!parsed) return "! " + parsed.fault().text;
    std::string out;
    for (const Route& route : parsed.value()) {
        if (!out.empty()) out += "; ";
        for (const std::string& method : route.methods) out += method + ",";
        out += " " + route.path;
        for (const TemplateSegment& segment : route.segments)
            out += " " + std::string(1, "=:*"[static_cast<int>(segment.kind)]) + segment.text +
                   (segment.test.empty() ? "" : "<" + segment.test + ">");
        for (const Field& field : route.query) out += " ?" + field.name + "=" + field.value;
    }
    return out;
}

void templates(void**) {
    const auto is = [](const char* text, const char* want) { assert_string_equal(route(text).c_str(), want); };
    is("POST /", "POST, /");
    is("POST,PUT /a/{id}/", "POST,PUT, /a/{id} =a :id");
    is("POST, PUT /a", "POST,PUT, /a =a");
    is("* /a/{rest*}", "*, /a/{rest*} =a *rest");
    is("GET /caf%C3%A9?x=1&y=*&z&a%20b=c+d", "GET, /caf%C3%A9 =caf\xc3\xa9 ?x=1 ?y=* ?z=* ?a b=c d");
    for (const char* wrong : {"/a", "POST", "POST a", "post /a", "POST,, /a", "POST /a//b", "POST /a/../b",
                              "POST /a/{id", "POST /a/{x}{id}", "POST /{a*}/b", "POST /{}", "POST /{a}/{a}",
                              "POST /a b", "POST /a#b", "POST /a?=1", "POST /%2e%2e/a", ""})
        if (route(wrong).front() != '!') fail_msg("was accepted: %s", wrong);
}

// "\x0d" in the file is one byte.
std::string unescaped(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text.compare(i, 2, "\\x") == 0) {
            out += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

// A TOML basic string that holds these bytes (they are UTF-8).
std::string literal(const std::string& bytes) {
    std::string out = "\"";
    for (const char c : bytes) {
        char escaped[8];
        snprintf(escaped, sizeof escaped, "\\u%04x", c);
        out += static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' ? escaped : std::string(1, c);
    }
    return out + "\"";
}

void header_cases(void**) {
    std::ifstream file(TROTLINE_TESTS_DIR "/cases/ssrf.tsv");
    assert_true(file.good());
    std::string line;
    int count = 0;
    while (std::getline(file, line)) {
        std::vector<std::string> columns;
        size_t begin = 0;
        for (size_t tab = 0; tab != std::string::npos; begin = tab + 1) {
            tab = line.find('\t', begin);
            columns.push_back(line.substr(begin, tab == std::string::npos ? tab : tab - begin));
        }
        if (columns.size() < 5 || columns[1] != "header") continue;
        const std::string input = unescaped(columns[2]);
        const size_t colon = input.find(':');
        std::string value = colon == std::string::npos ? "" : input.substr(colon + 1);
        if (!value.empty() && value.front() == ' ') value.erase(0, 1);
        const std::string text =
            "[[subscription]]\nname = \"w\"\ntopics = [\"*\"]\nurl = \"https://w.example/h\"\nformat = "
            "\"plain\"\n[subscription.headers]\n" +
            literal(input.substr(0, colon)) + " = " + literal(value) + "\n";
        const bool allowed = test::mistakes(text).empty();
        if (allowed != (columns[4] == "allow")) fail_msg("%s: %s", line.c_str(), test::mistakes(text).c_str());
        ++count;
    }
    assert_int_equal(count, 18);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(defaults),      cmocka_unit_test(everything),
        cmocka_unit_test(mistakes),      cmocka_unit_test(mistakes_of_the_language),
        cmocka_unit_test(regex_is_safe), cmocka_unit_test(templates),
        cmocka_unit_test(header_cases),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
