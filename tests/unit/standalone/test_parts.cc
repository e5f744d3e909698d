// The small parts of the host: addresses, bodies, deadlines, log files and the access log's lines.
#include <event2/event.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "shim/standalone/access_log.h"
#include "shim/standalone/address.h"
#include "shim/standalone/body.h"
#include "shim/standalone/deadline.h"
#include "shim/standalone/log_file.h"

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

void addresses(void**) {
    assert_string_equal(parse_address("127.0.0.1:80")->text().c_str(), "127.0.0.1:80");
    assert_string_equal(parse_address("[::1]:8080")->text().c_str(), "[::1]:8080");
    assert_string_equal(parse_address("localhost:1")->host().c_str(), "127.0.0.1");
    assert_string_equal(parse_address("unix:/run/x")->text().c_str(), "unix:/run/x");
    for (const char* wrong : {"", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8a", "::1:80", "[::1]",
                              "name:80", "unix:"})
        assert_false(parse_address(wrong).has_value());
    assert_false(parse_address("unix:/" + std::string(200, 'x')).has_value());
}

void origins(void**) {
    const auto plain = parse_origin("http://app:8000/");
    assert_true(plain && !plain->tls && plain->host == "app" && plain->port == "8000" &&
                plain->authority == "app:8000");
    const auto tls = parse_origin("https://[::1]:443");
    assert_true(tls && tls->tls && tls->host == "::1" && tls->port == "443" && tls->authority == "[::1]");
    for (const char* wrong :
         {"app:80", "ftp://x", "http://", "http://x/path", "http://u@x", "http://x:0x50", "http://x:99999"})
        assert_false(parse_origin(wrong).has_value());
    std::string why;
    assert_int_equal(resolve(*parse_origin("http://127.0.0.1:9"), why).size(), 1);
}

std::string read_body(http::Framing framing, uint64_t length, std::string_view bytes, size_t step, std::string& rest) {
    BodyReader reader;
    reader.start(framing, length, http::Limits{});
    std::string got;
    size_t at = 0;
    while (at < bytes.size() && !reader.complete()) {
        std::vector<std::string_view> pieces;
        size_t used = 0;
        reader.feed(bytes.substr(at, step), used, pieces);
        for (const auto piece : pieces) got += piece;
        at += used;
    }
    rest = bytes.substr(at);
    return got;
}

void bodies_in_every_framing_and_split(void**) {
    for (size_t step = 1; step < 40; ++step) {
        std::string rest;
        assert_string_equal(read_body(http::Framing::length, 5, "helloGET /", step, rest).c_str(), "hello");
        assert_string_equal(rest.c_str(), "GET /");
        assert_string_equal(
            read_body(http::Framing::chunked, 0, "3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: v\r\n\r\nGET /", step, rest).c_str(),
            "abcde");
        assert_string_equal(rest.c_str(), "GET /");
        assert_string_equal(read_body(http::Framing::close, 0, "to the end", step, rest).c_str(), "to the end");
        read_body(http::Framing::none, 0, "GET /", step, rest);
        assert_string_equal(rest.c_str(), "GET /");
    }
}

void chunk_heads(void**) {
    char room[20];
    assert_true(chunk_head(1, room) == "1\r\n");
    assert_true(chunk_head(0x1f0a, room) == "1f0a\r\n");
    assert_true(chunk_head(SIZE_MAX, room) == "ffffffffffffffff\r\n");
}

void a_deadline_moves_without_firing_early(void**) {
    event_base* base = event_base_new();
    int64_t fired = 0;
    {
        Deadline deadline(
            base, [](void* at) { *static_cast<int64_t*>(at) = now_ms(); }, &fired);
        const int64_t began = now_ms();
        deadline.set(20);
        deadline.set(80);
        while (fired == 0) event_base_loop(base, EVLOOP_ONCE);
        assert_true(fired - began >= 80);
        fired = 0;
        deadline.set(1000000);
        deadline.set(5);
        while (fired == 0) event_base_loop(base, EVLOOP_ONCE);
        assert_true(now_ms() - began < 100000);
        fired = 0;
        deadline.set(5);
        deadline.clear();
        assert_false(deadline.is_set());
        event_base_loop(base, EVLOOP_ONCE);
        assert_int_equal(fired, 0);
    }
    event_base_free(base);
}

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

void log_files_are_reopened(void**) {
    char folder[] = "/tmp/trotline-log-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const std::string path = std::string(folder) + "/log";
    {
        LogFile log;
        assert_false(log.enabled());
        assert_true(log.open(path, 2));
        log.append("one\n");
        log.flush();
        assert_int_equal(rename(path.c_str(), (path + ".1").c_str()), 0);
        log.append("two\n");
        assert_true(log.reopen());
        log.append("three\n");
        assert_false(log.open("/nonexistent/log", 2));
        assert_true(log.enabled());
    }
    assert_string_equal(text_of(path + ".1").c_str(), "one\ntwo\n");
    assert_string_equal(text_of(path).c_str(), "three\n");
    unlink(path.c_str());
    unlink((path + ".1").c_str());
    rmdir(folder);
}

void a_full_pipe_drops_and_counts(void**) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    {
        LogFile log;
        assert_true(log.open("-", ends[1]));
        const std::string line(1000, 'x');
        for (int i = 0; i < 3000; ++i) {
            log.append(line);
            log.flush();
        }
        assert_true(log.dropped() > 1000);
        assert_true(log.waiting() <= 1 << 20);
    }
    close(ends[0]);
    close(ends[1]);
}

void access_lines(void**) {
    AccessLog log;
    AccessEntry entry;
    entry.peer = "10.0.0.1";
    entry.method = "GET";
    entry.target = "/a\"\n";
    entry.status = 200;
    entry.bytes = 1234567890123;
    entry.request_ms = 61005;
    entry.hold_ms = 7;
    const std::string line = log.format(entry);
    assert_true(line.starts_with("10.0.0.1 - - ["));
    assert_true(
        line.ends_with("] \"GET /a\\x22\\x0A HTTP/1.1\" 200 1234567890123 \"-\" \"-\" rt=61.005 hold=0.007 events="));
    entry = AccessEntry{};
    entry.status = 400;
    assert_true(log.format(entry).ends_with("] \"-\" 400 0 \"-\" \"-\" rt=0.000 hold=- events="));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(origins),
        cmocka_unit_test(bodies_in_every_framing_and_split),
        cmocka_unit_test(chunk_heads),
        cmocka_unit_test(a_deadline_moves_without_firing_early),
        cmocka_unit_test(log_files_are_reopened),
        cmocka_unit_test(a_full_pipe_drops_and_counts),
        cmocka_unit_test(access_lines),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
