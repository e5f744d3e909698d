// The jq process: what programs may not say, what they give, and that none of them harms anything but its process.
#include <fcntl.h>
#include <sys/wait.h>

#include "shape/asker.h"
#include "shape/program.h"
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot;

const std::string input = R"({"event":{"topic":"order.created"},"payload":{"a":1,"b":[1,2,3.50],"s":"x"}})";

JqAnswer asked(Asker& asker, const std::string& program, const std::string& of = input) {
    Result<JqAnswer> answer = asker.ask(JqAsk::transform, program, of);
    if (!answer) fail_msg("%s: %s", program.c_str(), answer.fault().text.c_str());
    return std::move(answer).value();
}

void gives(Asker& asker, const std::string& program, const std::string& want) {
    const JqAnswer answer = asked(asker, program);
    if (answer.verdict != JqVerdict::value || answer.bytes != want)
        fail_msg("%s: wanted %s, got %d %s", program.c_str(), want.c_str(), static_cast<int>(answer.verdict),
                 answer.bytes.c_str());
}

void ends(Asker& asker, const std::string& program, std::initializer_list<JqVerdict> wants,
          const std::string& of = input) {
    const JqAnswer answer = asked(asker, program, of);
    for (const JqVerdict want : wants)
        if (answer.verdict == want) return;
    fail_msg("%s: got %d %s", program.c_str(), static_cast<int>(answer.verdict), answer.bytes.c_str());
}

void a_program_sees_payload_and_event(void**) {
    Asker asker;
    gives(asker, ".a", "1");
    gives(asker, "{topic: $event.topic, b} # a comment", R"({"topic":"order.created","b":[1,2,3.5]})");
    gives(asker, "def f: .b | add; f", "6.5");
    ends(asker, "empty", {JqVerdict::none});
    ends(asker, ".a, .a", {JqVerdict::several});
    ends(asker, ".a.b", {JqVerdict::error});
    ends(asker, ".a, error(\"oh\")", {JqVerdict::error});
    ends(asker, "nope", {JqVerdict::wrong});
    gives(asker, ".s", "\"x\"");
    ends(asker, ".a", {JqVerdict::error}, "{\"event\":{},\"payload\":");
}

// Endless, without end in memory, without end in depth: each ends its process, says which, and the next one is served.
void no_program_runs_away(void**) {
    Asker asker;
    ends(asker, "def f: f; f", {JqVerdict::time});
    gives(asker, ".a", "1");
    ends(asker, "last(repeat(1))", {JqVerdict::time});
    ends(asker, R"("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!" | test("^(a+)+$"))", {JqVerdict::time});
    ends(asker, R"([range(1e9) | "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"])", {JqVerdict::time, JqVerdict::memory});
    ends(asker, R"("0123456789" * 100000000)", {JqVerdict::memory, JqVerdict::time, JqVerdict::error});
    ends(asker, "def f(n): 1 + f(n + 1); f(0)", {JqVerdict::time, JqVerdict::memory, JqVerdict::stack});
    ends(asker, "reduce range(100000) as $i (null; [.])", {JqVerdict::time, JqVerdict::stack, JqVerdict::value});
    ends(asker, "[limit(5000000; repeat(\"x\"))] | length", {JqVerdict::time, JqVerdict::memory});
    gives(asker, ".a", "1");
}

// A value too deep to be freed is the fault of who made it, not of the next one.
void the_next_question_is_not_blamed(void**) {
    Asker asker;
    for (int round = 0; round < 3; ++round) {
        (void)asked(asker, "reduce range(60000) as $i (null; [.]) | 1");
        gives(asker, ".a", "1");
    }
}

void there_is_nothing_to_find_out(void**) {
    setenv("TROTLINE_TEST_SECRET", "very-secret", 1);
    Asker asker;
    // The names are refused before; should one get by, there is still nothing.
    gives(asker, "$ENV", "{}");
    for (const char* name : {"env", "now", "input", "inputs", "input_filename", "halt", "debug", "0 | localtime"})
        ends(asker, name, {JqVerdict::error});
    ends(asker, "import \"a\" as a; .", {JqVerdict::wrong});
    ends(asker, "include \"/etc/passwd\"; .", {JqVerdict::wrong});
}

void names_that_tell_are_refused_where_they_stand(void**) {
    const std::vector<std::pair<std::string, std::string>> wrong = {
        {"now", "line 1, column 1: now"},
        {".a |\n  inputs", "line 2, column 3: inputs"},
        {"{a: env}", "column 5: env"},
        {"$ENV.HOME", "column 1: $ENV"},
        {"\"x\\(now)\"", "column 5: now"},
        {".[now:]", "column 3: now"},
        {"{(env): 1}", "column 3: env"},
        {"input_line_number", "input_line_number"},
        {"[.[] | debug]", "debug"},
        {"import \"a\" as a; a::f", "import"},
        {"halt_error", "halt_error"},
        {"{\"a\":\"b\\(\"c\\(now)\")\"}", "now"},
        {"", "empty"},
        {std::string(20000, ' '), "longer"},
    };
    for (const auto& [program, says] : wrong) {
        const Result<void> may = refuse_program(program);
        if (may) fail_msg("was taken: %s", program.c_str());
        if (may.fault().text.find(says) == std::string::npos)
            fail_msg("%s: %s", program.c_str(), may.fault().text.c_str());
    }
    for (const std::string right : {".now", "{now: 1}", "{now}", "{a: 1, env, b: 2}", "\"now $ENV \\(1) env\"",
                                    "# now\n.", ".env.input", "@base64 \"\\(.a)\"", "todate", "inputs_x", "$event.at"})
        if (const Result<void> may = refuse_program(right); !may)
            fail_msg("%s: %s", right.c_str(), may.fault().text.c_str());
}

void a_wrong_program_is_told_with_its_line(void**) {
    const Result<void> wrong = check_program(".a |\n foo(1)");
    assert_false(wrong.ok());
    if (wrong.fault().text.find("foo/1 is not defined at its line 2") == std::string::npos)
        fail_msg("%s", wrong.fault().text.c_str());
    assert_true(check_program(".a").ok());
    assert_true(check_program("if .a then {b: .c} else empty end").ok());
}

// No child of ours, and no descriptor of ours goes along.
void the_process_is_nobodys_child(void**) {
    const int mine = open("/dev/null", O_RDONLY);
    Asker asker;
    gives(asker, ".a", "1");
    int status = 0;
    assert_int_equal(waitpid(-1, &status, WNOHANG), -1);
    close(mine);
}

void answers_come_in_pieces(void**) {
    std::string wire;
    const JqReply head{static_cast<uint32_t>(JqVerdict::value), 3};
    wire.append(reinterpret_cast<const char*>(&head), sizeof head);
    wire += "123";
    wire += wire;
    std::string in;
    JqAnswer answer;
    int got = 0;
    for (const char c : wire) {
        in += c;
        while (take_reply(in, answer)) {
            ++got;
            assert_string_equal(answer.bytes.c_str(), "123");
        }
    }
    assert_int_equal(got, 2);
    assert_int_equal(in.size(), 0);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_program_sees_payload_and_event),
        cmocka_unit_test(no_program_runs_away),
        cmocka_unit_test(the_next_question_is_not_blamed),
        cmocka_unit_test(there_is_nothing_to_find_out),
        cmocka_unit_test(names_that_tell_are_refused_where_they_stand),
        cmocka_unit_test(a_wrong_program_is_told_with_its_line),
        cmocka_unit_test(the_process_is_nobodys_child),
        cmocka_unit_test(answers_come_in_pieces),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
