/* Shared by the tests of the door: a temporary store, a plan over it, one exchange. C11 and C++. */
#ifndef TESTS_ABI_DOOR_H
#define TESTS_ABI_DOOR_H

// clang-format off: cmocka.h wants these before it
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// clang-format on

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trotline/trotline.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif
#include <cmocka.h>
#ifdef __cplusplus
}
#endif

static inline trot_text door_text(const char* s) {
    trot_text text;
    text.at = s;
    text.len = strlen(s);
    return text;
}

static inline void door_make_store(char* path, size_t room) {
    const char* base = getenv("TMPDIR");
    snprintf(path, room, "%s/trotline-door-XXXXXX", base != NULL ? base : "/tmp");
    if (mkdtemp(path) == NULL) {
        perror(path);
        exit(1);
    }
}

static inline void door_remove_store(const char* path) {
    DIR* dir = opendir(path);
    struct dirent* entry;
    if (dir == NULL) return;
    while ((entry = readdir(dir)) != NULL) {
        char full[4096];
        if (entry->d_name[0] == '.') continue;
        snprintf(full, sizeof full, "%s/%s", path, entry->d_name);
        unlink(full);
    }
    closedir(dir);
    rmdir(path);
}

static inline int door_plan(const char* store, trot_plan** plan, trot_fault* fault) {
    char toml[2048];
    snprintf(toml, sizeof toml,
             "[store]\nurl = \"sqlite:%s\"\n"
             "[[hook]]\ntopic = \"order.created\"\nmatch = \"POST /orders\"\nid = \"response:/id\"\n"
             "[[hook]]\ntopic = \"order.paid\"\nmatch = \"POST /orders/{id}/pay\"\nid = \"path:id\"\n"
             "when = { \"response:/state\" = \"paid\" }\n",
             store);
    return trot_plan_parse(door_text(toml), "door.toml", plan, fault);
}

static inline int door_start(trot_plan* plan, trot_engine** engine, trot_fault* fault) {
    trot_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.abi = TROT_ABI;
    options.host_name = door_text("test");
    return trot_engine_start(plan, &options, engine, fault);
}

static inline trot_request door_request(const char* method, const char* target) {
    trot_request request;
    memset(&request, 0, sizeof request);
    request.size = sizeof request;
    request.method = door_text(method);
    request.target = door_text(target);
    request.host = door_text("shop.test");
    return request;
}

/* Drives one order up to the commit; the commit's code. */
static inline int door_order(trot_engine* engine, trot_plan* plan, int id, void* user) {
    trot_request request = door_request("POST", "/orders");
    trot_response response;
    trot_verdict verdict;
    trot_capture* capture = NULL;
    char body[64];
    int code;
    memset(&verdict, 0, sizeof verdict);
    memset(&response, 0, sizeof response);
    verdict.size = sizeof verdict;
    response.size = sizeof response;
    response.status = 201;
    code = trot_plan_judge(plan, &request, &verdict);
    if (code != TROT_OK) return code;
    code = trot_capture_open(engine, plan, &request, &verdict, &capture);
    if (code != TROT_OK) return code;
    if (capture == NULL) return TROT_EFULL;
    snprintf(body, sizeof body, "{\"id\":%d,\"state\":\"new\"}", id);
    code = trot_capture_response(capture, &response, &verdict);
    if (code == TROT_OK) code = trot_capture_body(capture, door_text(body));
    if (code != TROT_OK) {
        trot_capture_abandon(capture);
        return code;
    }
    return trot_capture_commit(capture, TROT_PART_REQUEST | TROT_PART_RESPONSE, user);
}

#endif
