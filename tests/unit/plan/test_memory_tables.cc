// [[job]] and [[snapshot]]: what they become, and what is wrong with them, by line and column.
#include "loading.h"
#include "plan/match.h"

using namespace trot;
using test::load;

namespace {

void wrong(const std::string& text, const char* want) { test::refused(text, {want}); }

std::string job(const std::string& lines,
                const std::string& result = "match = \"GET /jobs/{job}\"\nid = \"path:job\"\n") {
    return "[[job]]\nmatch = \"POST /{path*}\"\nstatus = 202\n" + lines + "[job.result]\n" + result;
}

void a_job_is_two_hooks(void**) {
    const PlanPtr plan =
        load(job("id = \"response:/id\"\nname = \"later\"\nsource = \"the manual\"\n",
                 "match = \"GET /jobs/{job}\"\nid = \"path:job\"\nwhen = { \"response:/done\" = true }\n"
                 "answer_status = \"/status\"\nanswer_body = \"/body\"\n"));
    assert_int_equal(plan->hooks.size(), 2);
    assert_true(plan->hooks[0].does == Does::put_aside && plan->hooks[1].does == Does::resolve);
    assert_string_equal(plan->hooks[0].name.c_str(), "later");
    assert_string_equal(plan->hooks[1].name.c_str(), "later, its result");
    assert_string_equal(plan->hooks[1].source.c_str(), "the manual");
    assert_string_equal(plan->hooks[1].answer_status.c_str(), "/status");
    assert_string_equal(plan->hooks[1].answer_body.c_str(), "/body");
    assert_true(plan->hooks[0].known_as.set() && plan->hooks[1].known_as.set());
    // They are no hooks to an operator, who counts topics.
    assert_null(plan->setting("hooks", 0));
}

void a_job_is_held_and_a_snapshot_is_not(void**) {
    const PlanPtr plan =
        load(job("id = \"response:/id\"\n") + "[[snapshot]]\nof = \"{path:id}\"\nmatch = \"GET /x/{id}\"\n");
    const auto judge = [&](const char* method, const char* target) {
        RequestHead head;
        head.method = method;
        head.target = target;
        return plan->matcher->judge(head);
    };
    assert_true(judge("POST", "/uploads").guarantee == Guarantee::hold);
    assert_true(judge("GET", "/jobs/1").guarantee == Guarantee::hold);
    assert_true(judge("GET", "/x/1").matched);
    assert_true(judge("GET", "/x/1").guarantee == Guarantee::async);
    const PlanPtr strict = load("[store]\non_fault = \"reject\"\n" + job("id = \"response:/id\"\n") +
                                "[[snapshot]]\nof = \"{path:id}\"\nmatch = \"GET /x/{id}\"\n");
    RequestHead head;
    head.method = "GET";
    head.target = "/x/1";
    assert_true(strict->matcher->judge(head).on_fault == OnFault::open);
}

void mistakes_of_jobs(void**) {
    wrong(job(""), "it has no 'id', say where the job's is, like \"response:/data/id\"");
    wrong(job("id = \"response:/id\"\n", "match = \"GET /jobs/{job}\"\n"), "it has no 'id'");
    wrong(job("id = \"response:/id\"\n", "id = \"response:/id\"\n"), "the job's result has no 'match'");
    wrong(job("id = \"response:/id\"\n", "match = \"GET /jobs/{job}\"\nid = \"path:jib\"\n"), "it has: job");
    wrong(job("id = \"previous:/id\"\n"), "\"previous:/id\" cannot be known here");
    wrong(job("id = \"response:/id\"\ntopic = \"a.b\"\n"), "topic");
    wrong(job("id = \"response:/id\"\n", "match = \"GET /jobs/{job}\"\nid = \"path:job\"\nanswer_body = \"body\"\n"),
          "'answer_body' is no JSON pointer into the answer, write it like \"/data/attributes/payload\"");
    wrong("[[job]]\nmatch = \"POST /{path*}\"\nid = \"response:/id\"\n", "the job needs a table [job.result]");
    wrong("[[job]]\nid = \"response:/id\"\n[job.result]\nmatch = \"GET /x\"\nid = \"=1\"\n", "the job has no 'match'");
    wrong("job = 1\n", "each one is written as [[job]]");
    wrong(job("id = \"response:/id\"\nonly = { a = true }\n"), "only");
}

void a_snapshot_keeps_a_shape(void**) {
    const PlanPtr plan = load(
        "[[snapshot]]\nof = \"a/{path:id}\"\nmatch = \"GET /x/{id}\"\nstate = { s = \"response:/s\" }\n"
        "[[snapshot]]\nof = \"a/{item:/id}\"\nmatch = \"GET /x\"\nitems = \"response:\"\n"
        "[[snapshot]]\nof = \"a/{path:id}\"\nmatch = \"DELETE /x/{id}\"\nforget = true\n"
        "[[snapshot]]\nof = \"a/{path:id}\"\nmatch = \"PATCH /x/{id}\"\nstate = [\"previous:\", \"response:\"]\nmerge "
        "= "
        "true\n");
    assert_int_equal(plan->hooks.size(), 4);
    assert_true(plan->hooks[0].does == Does::remember && plan->hooks[0].payload.kind == Shape::Kind::object);
    assert_string_equal(plan->hooks[0].name.c_str(), "snapshot of a/{path:id}");
    assert_true(plan->hooks[1].payload.children[0].sources[0].part == Source::Part::item);
    assert_true(plan->hooks[2].does == Does::forget);
    assert_true(plan->hooks[3].payload.kind == Shape::Kind::merged);
}

void mistakes_of_snapshots(void**) {
    const std::string begin = "[[snapshot]]\nmatch = \"GET /x/{id}\"\n";
    wrong(begin, "t.toml:1:1: the snapshot has no 'of', name what it shows like of = \"item/{response:/id}\"");
    wrong(begin + "of = \"{path:ix}\"\n", "t.toml:3:6");
    wrong(begin + "of = \"{item:/id}\"\n", "needs 'items'");
    wrong(begin + "of = \"{previous:/id}\"\n", "\"previous:/id\" cannot be known here");
    wrong(begin + "of = \"a{\"\n", "a brace without its partner");
    wrong(begin + "of = \"a\"\nforget = true\nstate = \"response:\"\n", "a snapshot with 'forget' has no 'state'");
    wrong(begin + "of = \"a\"\nmerge = true\n", "'merge' needs a 'state' of several sources");
    wrong(begin + "of = \"a\"\npayload = \"response:\"\n", "payload");
    wrong(begin + "of = \"a\"\nguarantee = \"hold\"\n", "guarantee");
    wrong("[[snapshot]]\nof = \"a\"\n", "the snapshot has no 'match'");
}

void previous_needs_a_name(void**) {
    const std::string begin = "[[hook]]\ntopic = \"a.b\"\nmatch = \"GET /x/{id}\"\n";
    load(begin + "previous = \"a/{path:id}\"\nwhen = { \"previous:/s\" = \"x\" }\n");
    wrong(begin + "when = { \"previous:/s\" = \"x\" }\n",
          "\"previous:/s\" cannot be known here: a hook names the snapshot that it means, like previous = "
          "\"item/{path:id}\"");
    wrong(begin + "previous = \"{previous:/id}\"\n", "cannot be known here");
    wrong(begin + "previous = 5\n", "'previous' must be a string");
    wrong(begin + "previous = \"a\"\npayload = \"previous\"\n", "previous");
}

void settings_of_memory(void**) {
    const PlanPtr plan = load("[store]\njob_timeout = \"2h\"\nsnapshot_bytes = \"1MiB\"\nsnapshot_age = \"1d\"\n");
    assert_int_equal(plan->store.job_timeout_ms, 7200000);
    assert_int_equal(plan->store.snapshot_bytes, 1 << 20);
    assert_int_equal(plan->store.snapshot_age_ms, 86400000);
    wrong("[store]\njob_timeout = \"0s\"\n", "job_timeout");
    wrong("[store]\nsnapshot_age = \"1s\"\n", "snapshot_age");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_two_hooks),    cmocka_unit_test(a_job_is_held_and_a_snapshot_is_not),
        cmocka_unit_test(mistakes_of_jobs),      cmocka_unit_test(a_snapshot_keeps_a_shape),
        cmocka_unit_test(mistakes_of_snapshots), cmocka_unit_test(previous_needs_a_name),
        cmocka_unit_test(settings_of_memory),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
