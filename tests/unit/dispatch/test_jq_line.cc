// Questions to the jq process on a loop: answers in their order, what ends the process, and what becomes of those
// behind it.
#include <event2/event.h>

#include <csignal>

#include "dispatch/jq_line.h"
#include "store/store_fixture.h"

using namespace trot_test;

namespace {

const std::string input = R"({"event":{},"payload":{"n":1}})";

struct Line {
    Line() {
        StoreOptions options;
        options.path = dir.path() + "/store";
        store = std::move(open_store(options)).value();
        base = event_base_new();
        mailbox = std::move(Mailbox::make()).value();
        context.reset(new Context{*store, system_clock(), log, counters, mailbox, base, RunClock(system_clock())});
        line = std::make_unique<JqLine>(*context);
    }
    ~Line() {
        line.reset();
        context.reset();
        mailbox->run();
        event_base_free(base);
        store->writer().stop(1000);
    }
    void ask(const std::string& program, const std::string& of = input) {
        const size_t nth = answers.size();
        answers.emplace_back();
        line->ask(JqAsk::transform, program, of, [this, nth](const Result<JqAnswer>& answer) {
            assert_true(answers[nth].empty());  // once
            answers[nth] = answer
                               ? std::to_string(static_cast<int>(answer.value().verdict)) + ":" + answer.value().bytes
                               : "fault:" + answer.fault().text;
            order.push_back(nth);
        });
    }
    void run(size_t until, int within_ms = 60000) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(within_ms);
        while (order.size() < until && std::chrono::steady_clock::now() < end) {
            event_base_loop(base, EVLOOP_NONBLOCK);
            mailbox->run();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        assert_int_equal(order.size(), until);
    }

    TempDir dir;
    Log log;
    Counters counters;
    std::unique_ptr<Store> store;
    event_base* base = nullptr;
    std::shared_ptr<Mailbox> mailbox;
    std::unique_ptr<Context> context;
    std::unique_ptr<JqLine> line;
    std::vector<std::string> answers;
    std::vector<size_t> order;
};

bool begins(const std::string& text, const std::string& front) { return text.rfind(front, 0) == 0; }

void answers_come_in_their_order(void**) {
    Line at;
    for (int i = 0; i < 500; ++i) at.ask(".n + " + std::to_string(i % 3));
    at.run(500);
    for (size_t i = 0; i < 500; ++i) {
        assert_int_equal(at.order[i], i);
        assert_string_equal(at.answers[i].c_str(), ("0:" + std::to_string(1 + i % 3)).c_str());
    }
    assert_int_equal(at.line->waiting(), 0);
}

void large_questions_pass(void**) {
    Line at;
    const std::string large = R"({"event":{},"payload":")" + std::string(3U << 20U, 'x') + "\"}";
    for (int i = 0; i < 3; ++i) at.ask("length", large);
    at.ask(".", R"({"event":{},"payload":")" + std::string(17U << 20U, 'x') + "\"}");
    at.run(4);
    assert_string_equal(at.answers[0].c_str(), "0:3145728");
    assert_string_equal(at.answers[2].c_str(), "0:3145728");
    assert_true(begins(at.answers[3], "3:the event is larger"));
}

// Who ends the process is told so; those behind it do not notice.
void those_behind_are_asked_again(void**) {
    Line at;
    at.ask(".n");
    at.ask("def f: f; f");
    for (int i = 0; i < 40; ++i) at.ask(".n");
    at.ask("reduce range(100000) as $i (null; [.])");
    at.ask(".n");
    at.run(44);
    assert_true(begins(at.answers[1], "5:"));
    for (const size_t right : {size_t{0}, size_t{2}, size_t{41}, size_t{43}})
        assert_string_equal(at.answers[right].c_str(), "0:1");
}

// Three times in a row, then it is left alone, also where it waits already.
void a_program_that_runs_away_is_left_alone(void**) {
    Line at;
    for (int i = 0; i < 20; ++i) {
        at.ask("def f: f; f");
        at.ask(".n");
    }
    at.run(40);
    size_t stopped = 0;
    size_t left_alone = 0;
    for (size_t i = 0; i < 40; i += 2) {
        if (begins(at.answers[i], "5:")) ++stopped;
        if (at.answers[i].find("left alone") != std::string::npos) ++left_alone;
        assert_string_equal(at.answers[i + 1].c_str(), "0:1");
    }
    assert_int_equal(stopped, 3);
    assert_int_equal(left_alone, 17);
}

void what_is_forgotten_is_not_answered(void**) {
    Line at;
    at.ask(".n");
    at.line->stop();
    assert_int_equal(at.line->waiting(), 0);
    at.ask(".n");
    at.run(1);
    assert_string_equal(at.answers[0].c_str(), "");
    assert_string_equal(at.answers[1].c_str(), "0:1");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_in_their_order),       cmocka_unit_test(large_questions_pass),
        cmocka_unit_test(those_behind_are_asked_again),      cmocka_unit_test(a_program_that_runs_away_is_left_alone),
        cmocka_unit_test(what_is_forgotten_is_not_answered),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
