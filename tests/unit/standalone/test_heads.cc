// Heads as we write them: order, spelling and bytes kept, the hop's own fields not; pages of our own.
#include <cstring>
#include <string>

#include "shim/standalone/heads.h"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants these three first
#include <cmocka.h>
}

using namespace trot;
using namespace trot::host;

namespace {

http::RequestHead parsed(const std::string& text) {
    http::RequestParser parser{http::Limits{}};
    size_t used = 0;
    assert_int_equal(static_cast<int>(parser.feed(text, used)), static_cast<int>(http::Progress::done));
    return parser.head;
}

http::ResponseHead answered(const std::string& text) {
    http::ResponseParser parser{http::Limits{}};
    size_t used = 0;
    assert_int_equal(static_cast<int>(parser.feed(text, used, "GET")), static_cast<int>(http::Progress::done));
    return parser.head;
}

std::string request_of(const std::string& text, const RequestShape& shape) {
    std::string out;
    append_request_head(out, parsed(text), shape);
    return out;
}

std::string answer_of(const std::string& text, const AnswerShape& shape) {
    std::string out;
    append_answer_head(out, answered(text), shape);
    return out;
}

void request_keeps_what_passes_through(void**) {
    RequestShape shape;
    shape.peer = "10.1.2.3";
    const std::string got = request_of(
        "PUT /a?b HTTP/1.1\r\nhOST: x\r\nX-A:  1\r\nConnection: x-gone\r\nX-Gone: 1\r\nTransfer-Encoding: "
        "chunked\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n",
        shape);
    assert_string_equal(
        got.c_str(),
        "PUT /a?b HTTP/1.1\r\nhOST: x\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\nX-Forwarded-For: 10.1.2.3\r\n"
        "X-Forwarded-Proto: http\r\nX-Forwarded-Host: x\r\n\r\n");
}

void request_without_host_gets_the_upstreams(void**) {
    RequestShape shape;
    shape.fallback_host = "app:8000";
    const std::string got = request_of("GET / HTTP/1.0\r\n\r\n", shape);
    assert_string_equal(
        got.c_str(),
        "GET / HTTP/1.1\r\nHost: app:8000\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: app:8000\r\n\r\n");
}

void trusted_forwarded_fields_grow(void**) {
    RequestShape shape;
    shape.peer = "10.1.2.3";
    shape.trust_forwarded = true;
    const std::string got = request_of(
        "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 8.8.8.8\r\nX-Forwarded-Proto: "
        "https\r\n\r\n",
        shape);
    assert_string_equal(
        got.c_str(),
        "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 9.9.9.9, 8.8.8.8, 10.1.2.3\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: x\r\n\r\n");
}

void upgrade_is_passed_on(void**) {
    const std::string got = request_of(
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n", RequestShape{});
    assert_non_null(strstr(got.c_str(), "\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"));
}

void codings_nobody_can_undo_go(void**) {
    assert_string_equal(decodable_codings("zstd, br;q=0.5, gzip").c_str(), "br;q=0.5, gzip");
    assert_string_equal(decodable_codings("*").c_str(), "identity");
    assert_string_equal(decodable_codings("").c_str(), "identity");
    assert_string_equal(decodable_codings("GZIP;q=1.0,Deflate , x-gzip").c_str(), "GZIP;q=1.0, Deflate, x-gzip");
}

void internal_fields_are_stripped(void**) {
    http::RequestHead head =
        parsed("GET / HTTP/1.1\r\nHost: x\r\nTrotline-Event: 1\r\ntrotlinE-x: 2\r\nTrotline: 3\r\n\r\n");
    strip_internal_fields(head);
    assert_int_equal(head.fields.size(), 2);
    assert_string_equal(head.fields[1].name.c_str(), "Trotline");
}

void answers_are_framed_for_the_client(void**) {
    const std::string chunked =
        "HTTP/1.1 200 Fine\r\nA: 1\r\nTransfer-Encoding: chunked\r\nKeep-Alive: 5\r\nb: 2\r\n\r\n";
    AnswerShape shape;
    shape.chunked = true;
    assert_string_equal(answer_of(chunked, shape).c_str(),
                        "HTTP/1.1 200 Fine\r\nA: 1\r\nTransfer-Encoding: chunked\r\nb: 2\r\n\r\n");
    shape.chunked = false;
    shape.close = true;
    assert_string_equal(answer_of(chunked, shape).c_str(),
                        "HTTP/1.1 200 Fine\r\nA: 1\r\nb: 2\r\nConnection: close\r\n\r\n");
    shape = AnswerShape{};
    shape.chunked = true;
    assert_string_equal(answer_of("HTTP/1.0 200 \r\nA: 1\r\n\r\n", shape).c_str(),
                        "HTTP/1.1 200 \r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    shape = AnswerShape{};
    shape.keep_alive_10 = true;
    assert_string_equal(answer_of("HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", shape).c_str(),
                        "HTTP/1.1 204 No\r\nConnection: keep-alive\r\n\r\n");
}

void pages_say_what_is_wrong(void**) {
    std::string page;
    append_page(page, Page{503, "later", false, true, false, "Retry-After: 5\r\n"});
    assert_true(page.starts_with("HTTP/1.1 503 Service Unavailable\r\nDate: "));
    assert_non_null(
        strstr(page.c_str(), "\r\nRetry-After: 5\r\nConnection: close\r\n\r\n503 Service Unavailable: later\n"));
    page.clear();
    append_page(page, Page{404, "", true, false, false, {}});
    assert_true(page.ends_with("\r\n\r\n"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(request_keeps_what_passes_through), cmocka_unit_test(request_without_host_gets_the_upstreams),
        cmocka_unit_test(trusted_forwarded_fields_grow),     cmocka_unit_test(upgrade_is_passed_on),
        cmocka_unit_test(codings_nobody_can_undo_go),        cmocka_unit_test(internal_fields_are_stripped),
        cmocka_unit_test(answers_are_framed_for_the_client), cmocka_unit_test(pages_say_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
