/* A host in sixty lines: what a server does for one exchange, and how it learns that the change is on disk. Build:
 *   cc host.c -I../../shim/include -L../../build/release -ltrotline -Wl,-rpath,../../build/release -o host && ./host
 * STORE_DIR
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <trotline/trotline.h>

static trot_text text(const char* s) { return (trot_text){s, strlen(s)}; }

int main(int argc, char** argv) {
    char toml[1024];
    trot_fault fault = {.size = sizeof fault};
    trot_plan* plan;
    trot_engine* engine;
    trot_capture* capture;
    if (argc != 2) return fprintf(stderr, "usage: host STORE_DIR\n"), 2;
    snprintf(toml, sizeof toml,
             "[store]\nurl = \"sqlite:%s\"\n"
             "[[hook]]\ntopic = \"order.created\"\nmatch = \"POST /orders\"\nid = \"response:/id\"\n",
             argv[1]);
    if (trot_plan_parse(text(toml), "inline", &plan, &fault)) return fprintf(stderr, "%s\n", fault.text), 1;

    trot_options options = {.size = sizeof options, .abi = TROT_ABI, .host_name = text("embed")};
    if (trot_engine_start(plan, &options, &engine, &fault)) return fprintf(stderr, "%s\n", fault.text), 3;

    /* One exchange, as the server sees it. */
    trot_request request = {
        .size = sizeof request, .method = text("POST"), .target = text("/orders"), .host = text("shop")};
    trot_field json = {text("Content-Type"), text("application/json")};
    trot_response response = {.size = sizeof response, .status = 201, .fields = &json, .nfields = 1};
    trot_verdict verdict = {.size = sizeof verdict};
    char token[] = "the held answer";

    trot_plan_judge(plan, &request, &verdict);
    if (verdict.action == TROT_IGNORE) return puts("no hook wants it"), 1;
    if (trot_capture_open(engine, plan, &request, &verdict, &capture) || capture == NULL) return 3;
    trot_capture_request(capture, text("{\"item\":\"book\"}"));
    trot_capture_response(capture, &response, &verdict);
    trot_capture_body(capture, text("{\"id\":1042,\"item\":\"book\"}"));
    if (trot_capture_commit(capture, TROT_PART_REQUEST | TROT_PART_RESPONSE, token)) return 3;

    /* The loop: the fd says when there is something to reap; only then may the answer go to the client. */
    struct pollfd ready = {.fd = trot_engine_fd(engine), .events = POLLIN};
    trot_done done = {.size = sizeof done};
    while (poll(&ready, 1, (int)verdict.hold_ms) > 0)
        if (trot_engine_reap(engine, &done, 1) == 1) {
            printf("%s may go: code %d, %u event (%s, %s)\n", (char*)done.user, done.code, done.events, done.ids,
                   done.topics);
            break;
        }
    char line[512];
    int level;
    while (trot_log_drain(engine, line, sizeof line, &level) > 0) fprintf(stderr, "log %d: %s\n", level, line);
    trot_engine_stop(engine, 1000);
    trot_engine_drop(engine);
    trot_plan_drop(plan);
    return done.code;
}
