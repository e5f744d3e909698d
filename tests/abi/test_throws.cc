// Nothing thrown inside crosses the door: in every function, the first, second, third… allocation fails (or throws
// something else) until the call goes through; each failure is a code, and the objects stay usable. Allocations are
// failed in the calling thread and in those of the engine's for which it waits (module/engine/root.h), in no other.
#include <poll.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>
#include <stdexcept>

#include "door.h"

namespace {

std::atomic<int> fail_at{0};  // the nth allocation from now on fails; 0 none
std::atomic<bool> throw_other{false};
const pthread_t caller = pthread_self();

bool counts() {
    if (fail_at == 0) return false;
    if (pthread_equal(pthread_self(), caller) != 0) return true;
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    return strcmp(name, "trot-root") == 0 || strcmp(name, "trot-query") == 0;
}

bool due() { return counts() && --fail_at == 0; }

void maybe_fail() {
    if (due()) {
        if (throw_other) throw std::runtime_error("forced");
        throw std::bad_alloc();
    }
}

}  // namespace

// The library's own operator new resolves to these: the executable comes first in symbol lookup.
__attribute__((visibility("default"))) void* operator new(std::size_t size) {
    maybe_fail();
    void* place = std::malloc(size == 0 ? 1 : size);
    if (place == nullptr) throw std::bad_alloc();
    return place;
}
__attribute__((visibility("default"))) void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return due() ? nullptr : std::malloc(size == 0 ? 1 : size);
}
__attribute__((visibility("default"))) void operator delete(void* place) noexcept { std::free(place); }
__attribute__((visibility("default"))) void operator delete(void* place, std::size_t) noexcept { std::free(place); }

namespace {

// Runs call() with the 1st, 2nd, … allocation failing until it succeeds without a failure having been due. call gives
// the code.
int loop_until_clean(const char* name, bool other, const std::function<int()>& call) {
    for (int n = 1; n < 5000; ++n) {
        throw_other = other;
        fail_at = n;
        const int code = call();
        const bool was_due = fail_at == 0;
        fail_at = 0;
        if (!was_due) {
            if (code != TROT_OK) fail_msg("%s: code %d without a failed allocation", name, code);
            return n - 1;
        }
        // A part that lives without the memory (a log line, a cache) may still succeed; anything else must be one of
        // these two.
        if (code != TROT_OK && code != TROT_ENOMEM && code != TROT_EINTERNAL && code != TROT_ESTORE &&
            code != TROT_ECONFIG)
            fail_msg("%s: allocation %d failing gave code %d", name, n, code);
    }
    fail_msg("%s: never clean", name);
    return 0;
}

struct Door {
    char store[256];
    trot_plan* plan = nullptr;
    trot_engine* engine = nullptr;
    Door() {
        door_make_store(store, sizeof store);
        assert_int_equal(door_plan(store, &plan, nullptr), TROT_OK);
        assert_int_equal(door_start(plan, &engine, nullptr), TROT_OK);
    }
    ~Door() {
        trot_engine_drop(engine);
        trot_plan_drop(plan);
        door_remove_store(store);
    }
};

void every_function(bool other) {
    Door door;
    trot_fault fault{};
    fault.size = sizeof fault;
    int total = 0;
    total += loop_until_clean("plan_parse", other, [&] {
        trot_plan* plan = nullptr;
        const int code = door_plan(door.store, &plan, &fault);
        trot_plan_drop(plan);
        return code;
    });
    total += loop_until_clean("plan_load", other, [&] {
        trot_plan* plan = nullptr;
        const int code = trot_plan_load("/nonexistent/trotline.toml", &plan, &fault);
        return code == TROT_ECONFIG ? TROT_OK : code;
    });
    const trot_request request = door_request("POST", "/orders");
    trot_response response{};
    response.size = sizeof response;
    response.status = 201;
    trot_verdict verdict{};
    verdict.size = sizeof verdict;
    assert_int_equal(
        loop_until_clean("plan_judge", other, [&] { return trot_plan_judge(door.plan, &request, &verdict); }), 0);
    total += loop_until_clean("plan_explain", other, [&] {
        trot_reply* reply = nullptr;
        const int code =
            trot_plan_explain(door.plan, &request, door_text(""), &response, door_text("{\"id\":1}"), &reply, &fault);
        trot_reply_drop(reply);
        return code;
    });
    total += loop_until_clean("capture", other, [&] { return door_order(door.engine, door.plan, 1, nullptr); });
    total += loop_until_clean("capture_wait", other, [&] {
        trot_capture* capture = nullptr;
        trot_verdict decided = verdict;
        int code = trot_capture_open(door.engine, door.plan, &request, &decided, &capture);
        if (code != TROT_OK || capture == nullptr) return code;
        code = trot_capture_response(capture, &response, &decided);
        if (code == TROT_OK) code = trot_capture_body(capture, door_text("{\"id\":2}"));
        if (code != TROT_OK) {
            trot_capture_abandon(capture);
            return code;
        }
        return trot_capture_wait(capture, TROT_PART_RESPONSE, 10000);
    });
    total += loop_until_clean("manage_submit", other, [&] {
        const trot_request health = door_request("GET", "/healthz");
        return trot_manage_submit(door.engine, &health, door_text(""), &fault);
    });
    total += loop_until_clean("engine_status", other, [&] {
        trot_reply* reply = nullptr;
        const int code = trot_engine_status(door.engine, &reply);
        trot_reply_drop(reply);
        return code;
    });
    total += loop_until_clean("engine_metrics", other, [&] {
        trot_reply* reply = nullptr;
        const int code = trot_engine_metrics(door.engine, &reply);
        trot_reply_drop(reply);
        return code;
    });
    total +=
        loop_until_clean("guard", other, [&] { return trot_guard(door.plan, door_text("https://8.8.8.8/x"), &fault); });
    total += loop_until_clean("sign", other, [&] {
        trot_reply* reply = nullptr;
        const int code = trot_sign("standard", door_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), door_text("dlv_1"),
                                   door_text("a.b"), 1, door_text("{}"), &reply, &fault);
        trot_reply_drop(reply);
        return code;
    });
    total += loop_until_clean("query", other, [&] {
        trot_reply* reply = nullptr;
        const int code = trot_query(door.store, "events", door_text("{\"limit\":3}"), &reply, &fault);
        trot_reply_drop(reply);
        return code;
    });
    total += loop_until_clean("engine_swap", other, [&] { return trot_engine_swap(door.engine, door.plan, &fault); });
    assert_true(total > 50);

    // A completion that could not be turned into a trot_done is not lost: the next reap gives it.
    int token = 0;
    assert_int_equal(door_order(door.engine, door.plan, 3, &token), TROT_OK);
    int returned = 0;
    for (int tries = 0; tries < 2000 && returned == 0; ++tries) {
        trot_done done[8];
        done[0].size = sizeof done[0];
        throw_other = other;
        fail_at = tries % 7;
        const size_t count = trot_engine_reap(door.engine, done, 8);
        fail_at = 0;
        for (size_t i = 0; i < count; ++i) {
            if (done[i].user == &token) ++returned;
            trot_reply_drop(done[i].reply);
        }
        pollfd ready{trot_engine_fd(door.engine), POLLIN, 0};
        if (count == 0) poll(&ready, 1, 10);
    }
    assert_int_equal(returned, 1);
    assert_int_equal(trot_engine_stop(door.engine, 1000), TROT_OK);
}

void failed_allocations_become_codes(void** /*state*/) { every_function(false); }
void forced_exceptions_become_codes(void** /*state*/) { every_function(true); }

void engine_start_survives_failed_allocations(void** /*state*/) {
    char store[256];
    door_make_store(store, sizeof store);
    trot_plan* plan = nullptr;
    assert_int_equal(door_plan(store, &plan, nullptr), TROT_OK);
    const int failed = loop_until_clean("engine_start", false, [&] {
        trot_engine* engine = nullptr;
        const int code = door_start(plan, &engine, nullptr);
        trot_engine_drop(engine);
        return code;
    });
    assert_true(failed > 50);  // the root thread's among them
    trot_plan_drop(plan);
    door_remove_store(store);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(failed_allocations_become_codes),
                                cmocka_unit_test(forced_exceptions_become_codes),
                                cmocka_unit_test(engine_start_survives_failed_allocations)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
