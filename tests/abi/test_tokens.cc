// Tokens come back exactly once: from several threads, also after stop, also when the queue is full. Run under TSan in
// CI.
#include <poll.h>

#include <atomic>
#include <thread>
#include <vector>

#include "door.h"

namespace {

struct Token {
    std::atomic<int> given{0}, returned{0};
};

size_t reap_all(trot_engine* engine) {
    trot_done done[16];
    size_t total = 0;
    for (;;) {
        done[0].size = sizeof done[0];
        const size_t count = trot_engine_reap(engine, done, 16);
        for (size_t i = 0; i < count; ++i) static_cast<Token*>(done[i].user)->returned.fetch_add(1);
        total += count;
        if (count < 16) return total;
    }
}

void tokens_come_back_exactly_once(void** /*state*/) {
    constexpr int threads = 4;
    constexpr int each = 250;
    char store[256];
    door_make_store(store, sizeof store);
    trot_fault fault{};
    fault.size = sizeof fault;
    trot_plan* plan = nullptr;
    trot_engine* engine = nullptr;
    assert_int_equal(door_plan(store, &plan, &fault), TROT_OK);
    assert_int_equal(door_start(plan, &engine, &fault), TROT_OK);

    std::vector<Token> tokens(threads * each);
    std::vector<std::thread> hosts;
    std::atomic<int> refused{0};
    for (int t = 0; t < threads; ++t)
        hosts.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                Token& token = tokens[static_cast<size_t>(t * each + i)];
                if (door_order(engine, plan, i, &token) == TROT_OK)
                    token.given.store(1);
                else
                    refused.fetch_add(1);
            }
        });
    pollfd ready{trot_engine_fd(engine), POLLIN, 0};
    for (int rounds = 0; rounds < 3; ++rounds) {
        poll(&ready, 1, 50);
        reap_all(engine);
    }
    // Stop in the middle of it: some commits are refused from here on, none is lost.
    assert_int_equal(trot_engine_stop(engine, 2000), TROT_OK);
    for (std::thread& host : hosts) host.join();
    reap_all(engine);
    int given = 0;
    for (const Token& token : tokens) {
        assert_int_equal(token.given.load(), token.returned.load());
        given += token.given.load();
    }
    assert_int_equal(given + refused.load(), threads * each);
    assert_true(given > 0);
    assert_int_equal(trot_engine_stop(engine, 0), TROT_ESTOPPED);
    trot_engine_drop(engine);
    trot_plan_drop(plan);
    door_remove_store(store);
}

void a_capture_may_outlive_its_engine(void** /*state*/) {
    char store[256];
    door_make_store(store, sizeof store);
    trot_fault fault{};
    fault.size = sizeof fault;
    trot_plan* plan = nullptr;
    trot_engine* engine = nullptr;
    assert_int_equal(door_plan(store, &plan, &fault), TROT_OK);
    assert_int_equal(door_start(plan, &engine, &fault), TROT_OK);
    const trot_request request = door_request("POST", "/orders");
    trot_verdict verdict{};
    verdict.size = sizeof verdict;
    trot_capture* capture = nullptr;
    trot_plan_judge(plan, &request, &verdict);
    assert_int_equal(trot_capture_open(engine, plan, &request, &verdict, &capture), TROT_OK);
    trot_engine_drop(engine);
    trot_plan_drop(plan);
    trot_response response{};
    response.size = sizeof response;
    response.status = 201;
    assert_int_equal(trot_capture_response(capture, &response, &verdict), TROT_OK);
    assert_int_equal(trot_capture_commit(capture, 0, &verdict), TROT_ESTOPPED);
    door_remove_store(store);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(tokens_come_back_exactly_once),
                                cmocka_unit_test(a_capture_may_outlive_its_engine)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
