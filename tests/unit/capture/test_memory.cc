// Jobs and snapshots over exchanges: what one leaves, the next find.
#include <cstring>
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

// One plan's exchanges, in order, as they go by.
class Traffic {
  public:
    explicit Traffic(const char* hooks, const char* rest = "") : plan_(plan_of(hooks, rest)) {}

    // "topic id payload" of each event, and what it was before; without any the last hook's reason.
    std::string pass(const char* method, const std::string& target, int status, const std::string& answer,
                     const std::string& request = "{}") {
        return pass(exchange_of(plan_, method, target, status, answer, request));
    }
    std::string pass(const Exchange& exchange) {
        std::string out;
        for (const Event& event : evaluator_.evaluate(exchange, memory_, &reports_)) {
            out += event.topic + " " + event.resource_id + " " + *event.payload;
            if (event.previous) out += " was " + *event.previous;
            out += "\n";
        }
        memory_.apply(evaluator_.memos());
        return out;
    }
    std::string why(const std::string& hook) const {
        for (const HookReport& report : reports_)
            if (report.hook->name == hook) return report.why;
        return "no such hook";
    }
    bool matched(const std::string& hook) const {
        for (const HookReport& report : reports_)
            if (report.hook->name == hook) return report.matched;
        return false;
    }
    const PlanPtr& plan() const { return plan_; }
    Evaluator& evaluator() { return evaluator_; }

  private:
    PlanPtr plan_;
    Evaluator evaluator_;
    MapMemory memory_;
    std::vector<HookReport> reports_;
};

void is(const std::string& got, const char* want) { assert_string_equal(got.c_str(), want); }

constexpr const char* jobs = R"(
[[hook]]
topic = "upload.create"
match = "POST /uploads"
status = ["200", "201"]
id = "response:/data/id"
payload = ["response:/data", "request:/data"]
[[hook]]
topic = "item.delete"
match = "POST /items/bulk/destroy"
status = "200"
items = "request:/ids"
id = "item:"
when = { "response:/failed" = 0 }
[[job]]
name = "job"
match = ["POST,PUT,DELETE /{path*}"]
status = "202"
when = { "response:/type" = "job" }
id = "response:/id"
[job.result]
match = "GET /results/{job}"
id = "path:job"
when = { "response:/status" = { present = true } }
answer_status = "/status"
answer_body = "/payload"
)";

void a_result_makes_the_events_of_its_job(void**) {
    Traffic traffic(jobs);
    is(traffic.pass("POST", "/uploads?x=1", 202, R"({"type":"job","id":"7"})", R"({"data":{"path":"/a"}})"), "");
    is(traffic.why("job"), "matched: waits for its result");
    is(traffic.pass("GET", "/results/7", 404, "{}"), "");  // asked too early
    is(traffic.pass("GET", "/results/7", 200, R"({"state":"busy"})"), "");
    is(traffic.pass("GET", "/results/8", 200, R"({"status":201,"payload":{"data":{"id":"9"}}})"), "");
    is(traffic.pass("GET", "/results/7", 200, R"({"status":201,"payload":{"data":{"id":"9"}}})"),
       "upload.create 9 {\"id\":\"9\"}\n");
    assert_true(traffic.matched("upload.create"));
    is(traffic.why("upload.create"), "as the result of POST /uploads: matched");
    is(traffic.why("job, its result"), "matched: the result of POST /uploads, status 201");
    // Asked twice, told once.
    is(traffic.pass("GET", "/results/7", 200, R"({"status":201,"payload":{"data":{"id":"9"}}})"), "");
}

void a_result_walks_what_its_job_asked(void**) {
    Traffic traffic(jobs);
    traffic.pass("POST", "/items/bulk/destroy", 202, R"({"type":"job","id":"1"})", R"({"ids":["4","5"]})");
    is(traffic.pass("GET", "/results/1", 200, R"({"status":200,"payload":{"failed":0}})"),
       "item.delete 4 \"4\"\nitem.delete 5 \"5\"\n");
    traffic.pass("POST", "/items/bulk/destroy", 202, R"({"type":"job","id":"2"})", R"({"ids":["4","5"]})");
    is(traffic.pass("GET", "/results/2", 200, R"({"status":200,"payload":{"failed":1}})"), "");
    traffic.pass("POST", "/uploads", 202, R"({"type":"job","id":"3"})");
    is(traffic.pass("GET", "/results/3", 200, R"({"status":422,"payload":{"data":[{"type":"api_error"}]}})"), "");
    traffic.pass("POST", "/uploads", 202, R"({"type":"job","id":"4"})", R"({"data":{"a":1}})");
    is(traffic.pass("GET", "/results/4", 200, R"({"status":200,"payload":null})"), "upload.create  {\"a\":1}\n");
}

void a_result_that_is_first_waits_for_its_job(void**) {
    Traffic traffic(jobs);
    is(traffic.pass("GET", "/results/7", 200, R"({"status":201,"payload":{"data":{"id":"9"}}})"), "");
    is(traffic.why("job, its result"), "no exchange waits for this result; it waits for one");
    is(traffic.pass("POST", "/uploads", 202, R"({"type":"job","id":"7"})"), "upload.create 9 {\"id\":\"9\"}\n");
    is(traffic.why("job"), "matched: its result is here already");
    is(traffic.pass("POST", "/uploads", 202, R"({"type":"job","id":"7"})"), "");
}

void the_joined_events_carry_the_capture_that_is_recorded(void**) {
    Traffic traffic(jobs);
    traffic.pass("POST", "/items/bulk/destroy", 202, R"({"type":"job","id":"1"})", R"({"ids":["4","5"]})");
    Exchange result =
        exchange_of(traffic.plan(), "GET", "/results/1", 200, R"({"status":200,"payload":{"failed":0}})", "");
    result.capture = "the result's own";
    result.at_ms += 5000;
    MapMemory memory;
    Evaluator evaluator;
    evaluator.evaluate(exchange_of(traffic.plan(), "POST", "/items/bulk/destroy", 202, R"({"type":"job","id":"1"})",
                                   R"({"ids":["4","5"]})"),
                       memory, nullptr);
    assert_true(evaluator.recalled());
    memory.apply(evaluator.memos());
    const std::vector<Event> events = evaluator.evaluate(result, memory, nullptr);
    assert_int_equal(events.size(), 2);
    for (size_t i = 0; i < events.size(); ++i) {
        assert_string_equal(events[i].capture.c_str(), "the result's own");
        assert_int_equal(events[i].item, i);
        assert_int_equal(events[i].at_ms, result.at_ms);
        assert_string_equal(events[i].method.c_str(), "POST");
        assert_string_equal(events[i].path.c_str(), "/items/bulk/destroy");
        assert_int_equal(events[i].status, 200);
    }
}

void an_unreadable_result_resolves_nothing(void**) {
    Traffic traffic(jobs);
    traffic.pass("POST", "/uploads", 202, R"({"type":"job","id":"7"})");
    is(traffic.pass("GET", "/results/7", 200, R"({"status":"soon","payload":1})"), "");
    is(traffic.why("job, its result"), "response:/status is no status");
    Exchange cut = exchange_of(traffic.plan(), "GET", "/results/7", 200, R"({"status":201,"payl)", "");
    cut.response_truncated = true;
    is(traffic.pass(cut), "");
    assert_int_equal(traffic.evaluator().unproven(), 1);
    is(traffic.pass("GET", "/results/7", 200, R"({"status":201,"payload":{"data":{"id":"9"}}})"),
       "upload.create 9 {\"id\":\"9\"}\n");
}

constexpr const char* states = R"(
[[hook]]
name = "published"
topic = "item.published"
match = "PUT /{box}/items/{id}"
id = "path:id"
previous = "{path:box}/{path:id}"
payload = { id = "path:id" }
when = { "response:/status" = "live", "previous:/status" = { not = "live", present = true } }
[[hook]]
name = "deleted"
topic = "item.deleted"
match = "DELETE /{box}/items/{id}"
previous = "{path:box}/{path:id}"
payload = "previous: | path:id"
[[hook]]
name = "each"
topic = "item.was.{previous:/status | =unknown}"
match = "POST /{box}/items"
items = "response:/items"
id = "item:/id"
previous = "{path:box}/{item:/id}"
payload = "item:/id"
[[hook]]
name = "changed ones"
topic = "item.changed"
match = "POST /{box}/items"
items = "response:/items"
id = "item:/id"
previous = "{path:box}/{item:/id}"
payload = "item:/id"
when = { "previous:/status" = { other = "item:/status" } }
[[snapshot]]
name = "one"
of = "{path:box}/{path:id}"
match = "GET,PUT /{box}/items/{id}"
[[snapshot]]
name = "many"
of = "{path:box}/{item:/id}"
match = "POST /{box}/items"
items = "response:/items"
state = { status = "item:/status", secret = "item:/secret" }
[[snapshot]]
name = "gone"
of = "{path:box}/{path:id}"
match = "DELETE /{box}/items/{id}"
forget = true
)";

void a_snapshot_tells_what_it_was(void**) {
    Traffic traffic(states);
    is(traffic.pass("PUT", "/a/items/1", 200, R"({"status":"live"})"), "");  // unknown before: no invention
    is(traffic.why("published"), "previous:/status is missing, wants it present");
    assert_true(traffic.matched("one"));
    is(traffic.pass("PUT", "/a/items/1", 200, R"({"status":"live","n":2})"), "");
    is(traffic.pass("GET", "/a/items/1", 200, R"({"status":"draft"})"), "");
    is(traffic.pass("PUT", "/b/items/1", 200, R"({"status":"live"})"), "");  // another box's
    is(traffic.pass("PUT", "/a/items/1", 200, R"({"status":"live"})"),
       "item.published 1 {\"id\":1} was {\"status\":\"draft\"}\n");
    is(traffic.pass("DELETE", "/a/items/1", 204, ""),
       "item.deleted  {\"status\":\"live\"} was {\"status\":\"live\"}\n");
    is(traffic.pass("DELETE", "/a/items/1", 204, ""), "item.deleted  1\n");
}

void elements_have_states_of_their_own(void**) {
    Traffic traffic(states, "[capture]\nredact = [\"secret\"]\n");
    is(traffic.pass("POST", "/a/items", 200, R"({"items":[{"id":1,"status":"x","secret":"s"},{"id":2,"status":"y"}]})"),
       "item.was.unknown 1 1\nitem.was.unknown 2 2\n");
    is(traffic.pass("POST", "/a/items", 200, R"({"items":[{"id":2,"status":"z"},{"id":1,"status":"z"},{"id":3}]})"),
       "item.was.y 2 2 was {\"status\":\"y\"}\n"
       "item.was.x 1 1 was {\"status\":\"x\",\"secret\":\"[redacted]\"}\n"
       "item.was.unknown 3 3\n"
       "item.changed 2 2 was {\"status\":\"y\"}\n"
       "item.changed 1 1 was {\"status\":\"x\",\"secret\":\"[redacted]\"}\n");
}

void what_cannot_be_told_is_forgotten(void**) {
    Traffic traffic(states);
    traffic.pass("PUT", "/a/items/1", 200, R"({"status":"draft"})");
    Exchange cut = exchange_of(traffic.plan(), "PUT", "/a/items/1", 200, R"({"status":"dr)");
    cut.response_truncated = true;
    traffic.pass(cut);
    is(traffic.why("one"), "matched: forgotten");
    is(traffic.pass("PUT", "/a/items/1", 200, R"({"status":"live"})"), "");
    traffic.pass("PUT", "/a/items/1", 200, R"({"status":"draft"})");
    traffic.pass("PUT", "/a/items/1", 204, "");  // changed, and nobody said how
    is(traffic.pass("PUT", "/a/items/1", 200, R"({"status":"live"})"), "");
    traffic.pass("PUT", "/a/items/1", 200, "{\"status\":\"draft\",\"x\":\"" + std::string(max_snapshot, 'x') + "\"}");
    is(traffic.pass("PUT", "/a/items/1", 200, R"({"status":"live"})"), "");
    traffic.pass("PUT", "/a/items/1", 200, R"({"status":"draft"})");
    traffic.pass("PUT", "/a/items/1", 500, R"({"status":"error"})");  // a failure changes nothing
    is(traffic.pass("PUT", "/a/items/1", 200, R"({"status":"live"})"),
       "item.published 1 {\"id\":1} was {\"status\":\"draft\"}\n");
}

void names_cannot_be_mixed_up(void**) {
    Traffic traffic(states);
    traffic.pass("PUT", "/a/items/b%2F1", 200, R"({"status":"draft"})");
    is(traffic.pass("DELETE", "/a%2Fb/items/1", 204, ""), "item.deleted  1\n");
    traffic.pass("PUT", "/a/items/" + std::string(600, 'x'), 200, R"({"status":"draft"})");
    is(traffic.why("one"), "its name {path:box}/{path:id} cannot be told");
}

void a_partial_answer_joins_what_is_known(void**) {
    Traffic traffic(R"(
[[hook]]
topic = "x.gone"
match = "DELETE /x/{id}"
previous = "{path:id}"
payload = "previous:"
[[snapshot]]
of = "{path:id}"
match = "PATCH /x/{id}"
state = ["previous:", "response:"]
merge = true
)");
    traffic.pass("PATCH", "/x/1", 200, R"({"a":1,"b":2})");
    traffic.pass("PATCH", "/x/1", 200, R"({"b":3})");
    is(traffic.pass("DELETE", "/x/1", 204, ""), "x.gone  {\"a\":1,\"b\":3} was {\"a\":1,\"b\":3}\n");
}

// A store that cannot be read: the events are not to be used, because they might be others.
class Broken final : public Memory {
  public:
    Result<std::optional<std::string>> snapshot(const std::string&, int64_t) override {
        return Fault{Code::store, "broken"};
    }
    Result<std::optional<std::string>> waiting(const std::string&, Waiting) override {
        return Fault{Code::store, "broken"};
    }
};

void a_memory_that_fails_is_told(void**) {
    Broken broken;
    Evaluator evaluator;
    evaluator.evaluate(exchange_of(plan_of(states), "DELETE", "/a/items/1", 204, ""), broken, nullptr);
    assert_true(evaluator.fault().has_value());
    for (const char* target : {"POST /uploads", "GET /results/1"}) {
        const std::string text = target;
        const bool job = text[0] == 'P';
        evaluator.evaluate(exchange_of(plan_of(jobs), job ? "POST" : "GET", text.substr(text.find('/')),
                                       job ? 202 : 200, job ? R"({"type":"job","id":"1"})" : R"({"status":200})"),
                           broken, nullptr);
        assert_true(evaluator.fault().has_value());
    }
    NoMemory none;
    evaluator.evaluate(exchange_of(plan_of(states), "DELETE", "/a/items/1", 204, ""), none, nullptr);
    assert_false(evaluator.fault().has_value());
}

// A row that a damaged disk left: nothing is made up from it, and it is not written over.
class Garbled final : public Memory {
  public:
    Result<std::optional<std::string>> snapshot(const std::string&, int64_t) override { return {std::nullopt}; }
    Result<std::optional<std::string>> waiting(const std::string&, Waiting) override {
        return {std::string("\x01\x02")};
    }
};

void what_waits_and_cannot_be_read_is_said_and_kept(void**) {
    Garbled garbled;
    Evaluator evaluator;
    std::vector<HookReport> reports;
    const auto pass = [&](const char* method, const char* target, int status, const char* answer) {
        assert_true(
            evaluator.evaluate(exchange_of(plan_of(jobs), method, target, status, answer), garbled, &reports).empty());
        assert_true(evaluator.memos().empty());
        assert_int_equal(evaluator.unproven(), 1);
    };
    pass("POST", "/uploads", 202, R"({"type":"job","id":"1"})");
    pass("GET", "/results/1", 200, R"({"status":200})");
    assert_non_null(strstr(reports.back().why.c_str(), "what waits as \":1\" cannot be read"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_result_makes_the_events_of_its_job),
        cmocka_unit_test(a_result_walks_what_its_job_asked),
        cmocka_unit_test(a_result_that_is_first_waits_for_its_job),
        cmocka_unit_test(the_joined_events_carry_the_capture_that_is_recorded),
        cmocka_unit_test(an_unreadable_result_resolves_nothing),
        cmocka_unit_test(a_snapshot_tells_what_it_was),
        cmocka_unit_test(elements_have_states_of_their_own),
        cmocka_unit_test(what_cannot_be_told_is_forgotten),
        cmocka_unit_test(names_cannot_be_mixed_up),
        cmocka_unit_test(a_partial_answer_joins_what_is_known),
        cmocka_unit_test(a_memory_that_fails_is_told),
        cmocka_unit_test(what_waits_and_cannot_be_read_is_said_and_kept),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
