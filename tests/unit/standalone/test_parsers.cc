// What the corpora do not say: values that parsers hand out, limits at their edges, hop-by-hop fields, and linear time.
#include <ctime>

#include "standalone/cases.h"
#include "standalone/connection.h"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka wants these three first
#include <cmocka.h>
}

namespace {

using namespace trot::http;

RequestParser request(const std::string& text, const Limits& limits = {}) {
    RequestParser parser(limits);
    size_t used = 0;
    parser.feed(text, used);
    return parser;
}
bool accepted(RequestParser& parser) {
    size_t used = 0;
    return parser.feed("", used) == Progress::done;
}
int status_of(const std::string& text, const Limits& limits = {}) {
    RequestParser parser = request(text, limits);
    return accepted(parser) ? 200 : parser.refusal.status;
}
std::string get(const std::string& target, const std::string& more = "") {
    return "GET " + target + " HTTP/1.1\r\nHost: shop.test\r\n" + more + "\r\n";
}

void request_head_gives_its_parts(void**) {
    const std::string text =
        "POST /a?b=c HTTP/1.1\r\nHost: shop.test:8080\r\nX-A:  \t v \t\r\ncontent-length: 007\r\n\r\n1234567rest";
    RequestParser parser{Limits{}};
    size_t used = 0;
    assert_false(parser.started());
    assert_true(parser.feed(text, used) == Progress::done);
    assert_string_equal(text.substr(used).c_str(), "1234567rest");
    assert_string_equal(parser.head.method.c_str(), "POST");
    assert_string_equal(parser.head.target.c_str(), "/a?b=c");
    assert_string_equal(parser.head.host.c_str(), "shop.test:8080");
    assert_string_equal(parser.head.find("x-a")->c_str(), "v");
    assert_true(parser.head.framing == Framing::length);
    assert_int_equal(parser.head.length, 7);
    assert_string_equal(parser.head.find("Content-Length")->c_str(), "7");
    assert_true(parser.head.keep_alive);
    parser.reset();
    assert_false(parser.started());
    assert_true(parser.feed("\r\n", used) == Progress::more);
    assert_false(parser.started());
    assert_true(parser.feed("G", used) == Progress::more);
    assert_true(parser.started());
}

void absolute_form_wins_over_host(void**) {
    RequestParser parser = request("GET HTTP://other.test/x?y HTTP/1.1\r\nHost: shop.test\r\n\r\n");
    assert_true(accepted(parser));
    assert_string_equal(parser.head.target.c_str(), "/x?y");
    assert_string_equal(parser.head.host.c_str(), "other.test");
    assert_string_equal(parser.head.find("host")->c_str(), "other.test");
    assert_string_equal(request(get("http://a.test")).head.target.c_str(), "/");
    assert_string_equal(request(get("http://a.test?q")).head.target.c_str(), "/?q");
    assert_string_equal(request("OPTIONS http://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n").head.target.c_str(), "*");
    for (const char* bad :
         {"http:///x", "http://u@a.test/", "http://a.test#f", "http://a b/", "ftp://a.test/", "//a.test\\x"})
        assert_int_equal(status_of(get(bad)), 400);
}

void targets(void**) {
    // What browsers and curl -g send without encoding is passed on; what decodes in two ways is not.
    for (const char* good :
         {"/", "/a|b", "/?f={\"x\":1}", "/?q=100%", "/?w=C:\\x", "/%7Ea", "//x", "/a?b?c", "/a%2Fb", "/[1]?a[]=1"})
        assert_int_equal(status_of(get(good)), 200);
    for (const char* bad :
         {"", "x", "*", "/%", "/%4", "/%zz", "/a%00b", "/a\\b", "/a#b", "/a?b#c", "/\x7f", "/\xc3\xa9"})
        assert_int_equal(status_of(get(bad)), 400);
    assert_int_equal(status_of("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
}

void hosts(void**) {
    for (const char* good :
         {"a", "a.test:80", "127.0.0.1:65535", "[::1]", "[::ffff:1.2.3.4]:8080", "a_b.test", "a.test:", ""})
        assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: " + std::string(good) + "\r\n\r\n"), 200);
    for (const char* bad :
         {"a:65536", "a:b", ":80", "[::1", "[]", "[::1]x", "a/b", "a,b", "u@a", "a b", "a:80:80", "a?x", "[v1.x]"})
        assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: " + std::string(bad) + "\r\n\r\n"), 400);
}

void keep_alive_expect_upgrade(void**) {
    assert_false(request(get("/", "Connection: x, Close\r\n")).head.keep_alive);
    assert_false(request("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
    assert_true(request("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").head.keep_alive);
    assert_false(request("GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n").head.keep_alive);

    assert_true(request(get("/", "Expect: 100-Continue\r\nContent-Length: 1\r\n")).head.expect_continue);
    assert_false(request(get("/", "Expect: 100-continue\r\n")).head.expect_continue);
    assert_int_equal(status_of(get("/", "Expect: 100-continue, x\r\nContent-Length: 1\r\n")), 417);

    const std::string both = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
    assert_true(request(get("/", both)).head.upgrade);
    assert_false(request(get("/", "Upgrade: websocket\r\n")).head.upgrade);
    assert_false(request(get("/", "Connection: Upgrade\r\n")).head.upgrade);
    assert_false(request(get("/", both + "Content-Length: 3\r\n")).head.upgrade);
    assert_false(request(get("/", "Connection: Upgrade\r\nUpgrade: websocket, H2C\r\n")).head.upgrade);
}

void limits_at_their_edges(void**) {
    Limits limits;
    limits.head_bytes = 100;
    limits.target_bytes = 20;
    limits.field_count = 3;
    limits.body_bytes = 10;
    const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    const std::string full = start + std::string(100 - start.size() - 4, 'x') + "\r\n\r\n";
    assert_int_equal(full.size(), 100);
    assert_int_equal(status_of(full, limits), 200);
    assert_int_equal(status_of(start + std::string(100 - start.size() - 3, 'x') + "\r\n\r\n", limits), 431);
    const auto with_target = [](size_t n) {
        return "GET /" + std::string(n - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    };
    assert_int_equal(status_of(with_target(20), limits), 200);
    assert_int_equal(status_of(with_target(21), limits), 414);
    assert_int_equal(status_of(std::string(65, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n", limits), 200);
    assert_int_equal(status_of("GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits), 431);
    assert_int_equal(status_of(get("/", "Content-Length: 10\r\n"), limits), 200);
    assert_int_equal(status_of(get("/", "Content-Length: 11\r\n"), limits), 413);
    assert_int_equal(status_of(get("/", "Content-Length: 9223372036854775807\r\n")), 200);
    assert_int_equal(status_of("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    assert_int_equal(status_of("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400);
    // A foreign protocol is told at its first byte.
    assert_int_equal(status_of("\x16"), 400);
}

Progress chunks(const std::string& text, std::string& body, const Limits& limits = {}, int* status = nullptr) {
    ChunkDecoder decoder(limits);
    std::vector<std::string_view> pieces;
    size_t used = 0;
    const Progress progress = decoder.feed(text, used, pieces);
    for (const std::string_view piece : pieces) body += piece;
    if (status != nullptr) *status = decoder.refusal.status;
    return progress;
}

void chunk_limits(void**) {
    Limits limits;
    limits.body_bytes = 8;
    int status = 0;
    std::string body;
    assert_true(chunks("5\r\nhello\r\n3;x=\"a;\\\"\"\r\nabc\r\n0\r\n\r\n", body, limits) == Progress::done);
    assert_string_equal(body.c_str(), "helloabc");
    assert_true(chunks("5\r\nhello\r\n4\r\nabcd\r\n0\r\n\r\n", body, limits, &status) == Progress::bad);
    assert_int_equal(status, 413);
    assert_true(chunks("7fffffffffffffff\r\n", body) == Progress::more);
    assert_true(chunks("8000000000000000\r\n", body) == Progress::bad);
    assert_true(chunks("00000000000000000000005\r\nhello\r\n0\r\n\r\n", body) == Progress::done);
    assert_true(chunks("0\r\nA: b\r\n" + std::string(100, 'T') + ": " + std::string(9000, 'x') + "\r\n\r\n", body, {},
                       &status) == Progress::bad);
    assert_int_equal(status, 431);
    // Extensions that outweigh the data: 200 bytes of them on each byte.
    std::string flood;
    for (int i = 0; i < 1000; ++i) flood += "1;" + std::string(200, 'e') + "\r\nx\r\n";
    assert_true(chunks(flood, body) == Progress::bad);
}

void hop_by_hop_fields(void**) {
    const std::vector<Field> fields = {{"Connection", "close, X-Mine,Content-Length , Host"},
                                       {"connection", "authorization, x-two"}};
    for (const char* hop : {"connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
                            "Proxy-Connection", "HTTP2-Settings", "x-mine", "X-Two", "Transfer_Encoding", "keep_alive"})
        assert_true(hop_by_hop(hop, fields));
    for (const char* end : {"Content-Length", "Host", "Authorization", "X-Other", "Content-Type", "X_Mine"})
        assert_false(hop_by_hop(end, fields));
}

void answers_give_their_parts(void**) {
    ResponseParser parser{Limits{}};
    size_t used = 0;
    const std::string text = "HTTP/1.1 201 Made it\r\nConnection: close\r\nLocation: /a\r\nContent-Length: 2\r\n\r\nok";
    assert_true(parser.feed(text, used, "POST") == Progress::done);
    assert_int_equal(parser.head.status, 201);
    assert_string_equal(parser.head.reason.c_str(), "Made it");
    assert_string_equal(parser.head.find("location")->c_str(), "/a");
    assert_int_equal(parser.head.length, 2);
    assert_false(parser.head.keep_alive);
    assert_string_equal(text.substr(used).c_str(), "ok");
    parser.reset();
    assert_true(parser.feed("HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\nbytes", used, "GET") == Progress::done);
    assert_int_equal(parser.head.status, 101);
    assert_true(parser.head.framing == Framing::none);
    parser.reset();
    assert_true(parser.feed("HTTP/1.1 200 Connected\r\nContent-Length: 3\r\n\r\n", used, "CONNECT") == Progress::done);
    assert_true(parser.head.framing == Framing::none);
}

double cpu_of(const std::string& bytes, size_t piece, bool chunked) {
    const std::clock_t start = std::clock();
    RequestParser head{Limits{}};
    ChunkDecoder decoder{Limits{}};
    std::vector<std::string_view> pieces;
    size_t used = 0;
    for (size_t at = 0; at < bytes.size(); at += piece) {
        std::string_view part = std::string_view(bytes).substr(at, piece);
        pieces.clear();
        if (chunked)
            decoder.feed(part, used, pieces);
        else
            head.feed(part, used);
    }
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// A head's limit ends the work; a body's decoding costs the same for each byte however many came before.
void time_is_linear(void**) {
    const std::string junk = "GET / HTTP/1.1\r\nX: " + std::string(40u << 20, 'a');
    assert_true(cpu_of(junk, 4096, false) < 0.05);
    assert_true(cpu_of(junk, junk.size(), false) < 0.05);
    std::string flood;
    while (flood.size() < (6u << 20)) flood += "1\r\nZ\r\n";
    // 32 times the bytes: 32 times the cost when it is linear, 1024 times when it is quadratic.
    const double small = cpu_of(flood.substr(0, flood.size() / 32), 4096, true);
    const double large = cpu_of(flood, 4096, true);
    assert_true(large < 0.05 + small * 128);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(request_head_gives_its_parts),
        cmocka_unit_test(absolute_form_wins_over_host),
        cmocka_unit_test(targets),
        cmocka_unit_test(hosts),
        cmocka_unit_test(keep_alive_expect_upgrade),
        cmocka_unit_test(limits_at_their_edges),
        cmocka_unit_test(chunk_limits),
        cmocka_unit_test(hop_by_hop_fields),
        cmocka_unit_test(answers_give_their_parts),
        cmocka_unit_test(time_is_linear),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
