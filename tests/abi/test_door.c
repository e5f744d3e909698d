/* A host in C alone drives judge, open, response, body, commit and reap; and what the door says to wrong use. */
#include <poll.h>

#include "door.h"

typedef struct {
    char store[256];
    trot_plan* plan;
    trot_engine* engine;
} Door;

static int open_door(void** state) {
    Door* door = calloc(1, sizeof *door);
    trot_fault fault = {.size = sizeof fault};
    door_make_store(door->store, sizeof door->store);
    if (door_plan(door->store, &door->plan, &fault) != TROT_OK ||
        door_start(door->plan, &door->engine, &fault) != TROT_OK) {
        fprintf(stderr, "%s\n", fault.text);
        return -1;
    }
    *state = door;
    return 0;
}

static int close_door(void** state) {
    Door* door = *state;
    trot_engine_drop(door->engine);
    trot_plan_drop(door->plan);
    door_remove_store(door->store);
    free(door);
    return 0;
}

static trot_done reap_one(trot_engine* engine) {
    trot_done done = {.size = sizeof done};
    struct pollfd ready = {.fd = trot_engine_fd(engine), .events = POLLIN};
    for (int tries = 0; tries < 100; ++tries) {
        if (trot_engine_reap(engine, &done, 1) == 1) return done;
        poll(&ready, 1, 100);
    }
    fail_msg("no completion within 10 s");
    return done;
}

static void a_c_host_records_an_order(void** state) {
    Door* door = *state;
    int token = 0;
    assert_int_equal(door_order(door->engine, door->plan, 1042, &token), TROT_OK);
    trot_done done = reap_one(door->engine);
    assert_ptr_equal(done.user, &token);
    assert_int_equal(done.code, TROT_OK);
    assert_int_equal(done.events, 1);
    assert_string_equal(done.topics, "order.created");
    assert_memory_equal(done.ids, "evt_", 4);

    trot_reply* reply = NULL;
    trot_fault fault = {.size = sizeof fault};
    trot_text body;
    assert_int_equal(trot_query(door->store, "events", door_text("{\"topic\":\"order.*\"}"), &reply, &fault), TROT_OK);
    trot_reply_read(reply, NULL, &body);
    assert_non_null(strstr(body.at, "\"resource_id\":\"1042\""));
    trot_reply_drop(reply);
}

static void judging_ignores_what_no_hook_wants(void** state) {
    Door* door = *state;
    const char* ignored[][2] = {{"GET", "/orders"}, {"POST", "/carts"}, {"POST", "/orders/1"}, {"", ""}, {"POST", "*"}};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; ++i) {
        trot_request request = door_request(ignored[i][0], ignored[i][1]);
        trot_verdict verdict = {.size = sizeof verdict, .action = 77};
        assert_int_equal(trot_plan_judge(door->plan, &request, &verdict), TROT_OK);
        assert_int_equal(verdict.action, TROT_IGNORE);
    }
    trot_request request = door_request("POST", "/orders");
    trot_verdict verdict = {.size = sizeof verdict};
    assert_int_equal(trot_plan_judge(door->plan, &request, &verdict), TROT_OK);
    assert_int_equal(verdict.action, TROT_HOLD);
    assert_true(verdict.hold_ms > 0 && verdict.response_cap > 0);
}

static void a_failed_answer_is_ignored(void** state) {
    Door* door = *state;
    trot_request request = door_request("POST", "/orders");
    trot_verdict verdict = {.size = sizeof verdict};
    trot_response response = {.size = sizeof response, .status = 422};
    trot_capture* capture = NULL;
    trot_plan_judge(door->plan, &request, &verdict);
    assert_int_equal(trot_capture_open(door->engine, door->plan, &request, &verdict, &capture), TROT_OK);
    assert_int_equal(trot_capture_response(capture, &response, &verdict), TROT_OK);
    assert_int_equal(verdict.action, TROT_IGNORE);
    trot_capture_abandon(capture);
}

static void a_commit_without_an_answer_is_refused(void** state) {
    Door* door = *state;
    trot_request request = door_request("POST", "/orders");
    trot_verdict verdict = {.size = sizeof verdict};
    trot_capture* capture = NULL;
    trot_plan_judge(door->plan, &request, &verdict);
    assert_int_equal(trot_capture_open(door->engine, door->plan, &request, &verdict, &capture), TROT_OK);
    assert_int_equal(trot_capture_commit(capture, TROT_PART_REQUEST, &verdict), TROT_EUSAGE);
    trot_done done = {.size = sizeof done};
    assert_int_equal(trot_engine_reap(door->engine, &done, 1), 0);
}

static void a_threaded_host_waits(void** state) {
    Door* door = *state;
    trot_request request = door_request("POST", "/orders/7/pay");
    trot_verdict verdict = {.size = sizeof verdict};
    trot_response response = {.size = sizeof response, .status = 200};
    trot_capture* capture = NULL;
    trot_plan_judge(door->plan, &request, &verdict);
    assert_int_equal(trot_capture_open(door->engine, door->plan, &request, &verdict, &capture), TROT_OK);
    trot_capture_response(capture, &response, &verdict);
    trot_capture_body(capture, door_text("{\"state\":\"paid\"}"));
    assert_int_equal(trot_capture_wait(capture, TROT_PART_REQUEST | TROT_PART_RESPONSE, 10000), TROT_OK);
}

static void mistakes_are_told_all_at_once(void** state) {
    (void)state;
    trot_plan* plan = NULL;
    trot_fault fault = {.size = sizeof fault};
    const char* toml = "[stoer]\nurl = 1\n[[hook]]\ntopic = \"a\"\nmatch = \"POST x\"\n";
    assert_int_equal(trot_plan_parse(door_text(toml), "wrong.toml", &plan, &fault), TROT_ECONFIG);
    assert_null(plan);
    assert_non_null(strstr(fault.text, "wrong.toml:1:"));
    assert_non_null(strstr(fault.text, "wrong.toml:5:"));
    assert_string_equal(trot_plan_mistakes(), fault.text);
}

static void explaining_says_why_not(void** state) {
    Door* door = *state;
    trot_request request = door_request("POST", "/orders/7/pay");
    trot_response response = {.size = sizeof response, .status = 200};
    trot_reply* reply = NULL;
    trot_text body;
    assert_int_equal(trot_plan_explain(door->plan, &request, door_text(""), &response,
                                       door_text("{\"state\":\"draft\"}"), &reply, NULL),
                     TROT_OK);
    trot_reply_read(reply, NULL, &body);
    assert_non_null(strstr(body.at, "\"events\":[]"));
    assert_non_null(strstr(body.at, "draft"));
    trot_reply_drop(reply);
}

static void a_foreign_abi_is_refused(void** state) {
    Door* door = *state;
    trot_engine* engine = NULL;
    trot_fault fault = {.size = sizeof fault};
    trot_options options = {.size = sizeof options, .abi = (TROT_ABI_MAJOR + 1) << 16};
    assert_int_equal(trot_engine_start(door->plan, &options, &engine, &fault), TROT_EABI);
    assert_null(engine);
    options.abi = trot_abi() + 1; /* a header that is newer than the library */
    assert_int_equal(trot_engine_start(door->plan, &options, &engine, &fault), TROT_EABI);
}

static void older_and_newer_structs_fit(void** state) {
    Door* door = *state;
    struct {
        trot_verdict verdict;
        uint64_t later;
    } newer = {.verdict = {.size = sizeof newer}, .later = 0};
    trot_request request = door_request("POST", "/orders");
    assert_int_equal(trot_plan_judge(door->plan, &request, &newer.verdict), TROT_OK);
    assert_int_equal(newer.verdict.action, TROT_HOLD);
    assert_int_equal(newer.verdict.size, sizeof newer);
    assert_int_equal(newer.later, 0);
    trot_verdict older = {.size = offsetof(trot_verdict, request_cap), .request_cap = 99};
    assert_int_equal(trot_plan_judge(door->plan, &request, &older), TROT_OK);
    assert_int_equal(older.action, TROT_HOLD);
    assert_int_equal(older.request_cap, 99);
}

static void null_is_answered_not_followed(void** state) {
    (void)state;
    trot_fault fault = {.size = sizeof fault};
    trot_done done = {.size = sizeof done};
    trot_text text;
    int level;
    char room[8];
    assert_int_equal(trot_plan_load(NULL, NULL, &fault), TROT_EUSAGE);
    assert_int_equal(trot_plan_parse(door_text(""), NULL, NULL, NULL), TROT_EUSAGE);
    trot_plan_keep(NULL);
    trot_plan_drop(NULL);
    assert_int_equal(trot_plan_warning(NULL, 0).len, 0);
    assert_int_equal(trot_plan_setting(NULL, "x", 0, &text), 0);
    assert_int_equal(trot_plan_judge(NULL, NULL, NULL), TROT_EUSAGE);
    assert_int_equal(trot_plan_explain(NULL, NULL, door_text(""), NULL, door_text(""), NULL, NULL), TROT_EUSAGE);
    assert_int_equal(trot_engine_start(NULL, NULL, NULL, NULL), TROT_EUSAGE);
    assert_int_equal(trot_engine_fd(NULL), -1);
    assert_int_equal(trot_engine_reap(NULL, &done, 1), 0);
    assert_int_equal(trot_engine_swap(NULL, NULL, NULL), TROT_EUSAGE);
    trot_engine_quiesce(NULL);
    assert_int_equal(trot_engine_stop(NULL, 0), TROT_EUSAGE);
    trot_engine_drop(NULL);
    assert_int_equal(trot_engine_status(NULL, NULL), TROT_EUSAGE);
    assert_int_equal(trot_engine_metrics(NULL, NULL), TROT_EUSAGE);
    assert_int_equal(trot_log_drain(NULL, room, sizeof room, &level), 0);
    assert_int_equal(trot_capture_open(NULL, NULL, NULL, NULL, NULL), TROT_EUSAGE);
    assert_int_equal(trot_capture_request(NULL, door_text("")), TROT_EUSAGE);
    assert_int_equal(trot_capture_response(NULL, NULL, NULL), TROT_EUSAGE);
    assert_int_equal(trot_capture_body(NULL, door_text("")), TROT_EUSAGE);
    assert_int_equal(trot_capture_commit(NULL, 0, NULL), TROT_EUSAGE);
    assert_int_equal(trot_capture_wait(NULL, 0, 0), TROT_EUSAGE);
    trot_capture_abandon(NULL);
    assert_int_equal(trot_manage_submit(NULL, NULL, door_text(""), NULL), TROT_EUSAGE);
    trot_reply_read(NULL, NULL, NULL);
    trot_reply_drop(NULL);
    assert_int_equal(trot_sign(NULL, door_text(""), door_text(""), door_text(""), 0, door_text(""), NULL, NULL),
                     TROT_EUSAGE);
    assert_int_equal(trot_verify(NULL, door_text(""), NULL, 0, door_text(""), 0, NULL), TROT_EUSAGE);
    assert_int_equal(trot_query(NULL, NULL, door_text(""), NULL, NULL), TROT_EUSAGE);
    assert_int_equal(trot_guard(NULL, door_text("http://127.0.0.1/"), &fault), TROT_EREFUSED);
    assert_int_equal(trot_guard(NULL, door_text("8.8.8.8"), &fault), TROT_OK);
}

static void signing_and_verifying_agree(void** state) {
    (void)state;
    const char* secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    trot_reply* reply = NULL;
    trot_text lines;
    assert_int_equal(trot_sign("standard", door_text(secret), door_text("msg_p5jXN8AQM9LWM0D4loKWxJek"),
                               door_text("a.b"), 1614265330, door_text("{\"test\": 2432232314}"), &reply, NULL),
                     TROT_OK);
    trot_reply_read(reply, NULL, &lines);
    assert_non_null(strstr(lines.at, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    trot_reply_drop(reply);
    trot_field fields[] = {
        {door_text("webhook-id"), door_text("msg_p5jXN8AQM9LWM0D4loKWxJek")},
        {door_text("webhook-timestamp"), door_text("1614265330")},
        {door_text("webhook-signature"), door_text("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")}};
    trot_fault why = {.size = sizeof why};
    assert_int_equal(
        trot_verify("standard", door_text(secret), fields, 3, door_text("{\"test\": 2432232314}"), 1614265331, &why),
        TROT_OK);
    assert_int_equal(
        trot_verify("standard", door_text(secret), fields, 3, door_text("{\"test\": 2432232315}"), 1614265331, &why),
        TROT_EREFUSED);
    assert_int_equal(
        trot_verify("standard", door_text(secret), fields, 3, door_text("{\"test\": 2432232314}"), 1614999999, &why),
        TROT_EREFUSED);
    assert_int_equal(trot_verify("nonsense", door_text(secret), fields, 3, door_text(""), 1, &why), TROT_ENOTFOUND);
}

static void the_admin_answer_comes_by_reap(void** state) {
    Door* door = *state;
    int token = 0;
    trot_request request = door_request("GET", "/healthz");
    assert_int_equal(trot_manage_submit(door->engine, &request, door_text(""), &token), TROT_OK);
    trot_done done = reap_one(door->engine);
    assert_ptr_equal(done.user, &token);
    trot_response head = {.size = sizeof head};
    trot_text body;
    trot_reply_read(done.reply, &head, &body);
    assert_int_equal(head.status, 200);
    assert_memory_equal(body.at, "ok\n", 3);
    trot_reply_drop(done.reply);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_c_host_records_an_order, open_door, close_door),
        cmocka_unit_test_setup_teardown(judging_ignores_what_no_hook_wants, open_door, close_door),
        cmocka_unit_test_setup_teardown(a_failed_answer_is_ignored, open_door, close_door),
        cmocka_unit_test_setup_teardown(a_commit_without_an_answer_is_refused, open_door, close_door),
        cmocka_unit_test_setup_teardown(a_threaded_host_waits, open_door, close_door),
        cmocka_unit_test(mistakes_are_told_all_at_once),
        cmocka_unit_test_setup_teardown(explaining_says_why_not, open_door, close_door),
        cmocka_unit_test_setup_teardown(a_foreign_abi_is_refused, open_door, close_door),
        cmocka_unit_test_setup_teardown(older_and_newer_structs_fit, open_door, close_door),
        cmocka_unit_test(null_is_answered_not_followed),
        cmocka_unit_test(signing_and_verifying_agree),
        cmocka_unit_test_setup_teardown(the_admin_answer_comes_by_reap, open_door, close_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
