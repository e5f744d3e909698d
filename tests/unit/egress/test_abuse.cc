// Receivers that misbehave (reliability.md 5.1), one row each: what they do, and what the attempt must come to. Each
// ends within its deadline, with at most 128 KiB read and little CPU.
#include <dlfcn.h>
#include <time.h>
#include <zlib.h>

#include <cstring>
#include <string>
#include <thread>

#include "egress/retry.h"
#include "tests/unit/egress/sender.h"
#include "tests/unit/egress/server.h"

// clang-format off
extern "C" {
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
}
// clang-format on

using namespace trot;
using sender::Sender;
using sender::url;
using server::Peer;
using server::Script;
using server::Server;

namespace {

std::thread::id loop_thread;
size_t bytes_read = 0;  // by libcurl, which runs on the main thread

}  // namespace

// libcurl reads with recv: this definition is found before the C library's.
extern "C" __attribute__((visibility("default"))) ssize_t recv(int fd, void* buffer, size_t size, int flags) {
    using Real = ssize_t (*)(int, void*, size_t, int);
    static const Real real = reinterpret_cast<Real>(dlsym(RTLD_NEXT, "recv"));
    const ssize_t got = real(fd, buffer, size, flags);
    if (got > 0 && std::this_thread::get_id() == loop_thread) bytes_read += static_cast<size_t>(got);
    return got;
}

namespace {

constexpr int64_t deadline_ms = 700;

double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Head once, then the same piece for ever.
Script endless(const std::string& head, const std::string& piece) {
    return [=](Peer& peer) {
        peer.request();
        std::string many;
        while (many.size() < 16384) many += piece;
        if (!peer.write(head)) return;
        while (peer.write(many)) continue;
    };
}

Script says_and_closes(const std::string& text) {
    return [=](Peer& peer) {
        peer.request();
        peer.write(text);
    };
}

Script says_and_waits(const std::string& text) {
    return [=](Peer& peer) {
        peer.request();
        peer.write(text);
        peer.wait_for_end();
    };
}

Script says_and_resets(const std::string& text) {
    return [=](Peer& peer) {
        peer.request();
        peer.write(text);
        peer.wait_for_arrival();  // a reset overtakes what is still on the way
        peer.reset();
    };
}

Script drips(const std::string& head, const std::string& text) {
    return [=](Peer& peer) {
        peer.request();
        peer.write(head);
        peer.drip(text, 50);
    };
}

std::string bomb() {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY);
    std::string zeros(32U << 20U, '\0');
    std::string out(deflateBound(&stream, zeros.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
    stream.avail_in = static_cast<uInt>(zeros.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + std::to_string(out.size()) + "\r\n\r\n" +
           out;
}

struct Receiver {
    const char* what;
    Script script;
    int status;
    SendError error;
    Verdict verdict;
};

const std::string head = "HTTP/1.1 200 OK\r\n";
const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
constexpr Verdict yes = Verdict::delivered;
constexpr Verdict no = Verdict::retry;
constexpr SendError none = SendError::none;

std::vector<Receiver> receivers() {
    return {
        {"endless body", endless(head + "\r\n", "x"), 200, none, yes},
        {"100 TiB announced", endless(head + "Content-Length: 109951162777600\r\n\r\n", "x"), 200, none, yes},
        {"endless body of an error", endless("HTTP/1.1 500 No\r\n\r\n", "x"), 500, none, no},
        {"gzip bomb", says_and_waits(bomb()), 200, none, yes},
        {"endless one-byte chunks", endless(chunked, "1\r\nx\r\n"), 200, none, yes},
        {"an endless chunk extension", endless(chunked + "1;", "e"), 200, none, yes},
        {"an endless chunk extension of an error",
         endless("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n5;", "e=\"x\";"), 503, none, no},
        {"endless trailers", endless(chunked + "0\r\n", "T: t\r\n"), 200, none, yes},
        {"endless headers", endless(head, "X-A: b\r\n"), 0, SendError::too_large, no},
        {"endless 100s", endless("", "HTTP/1.1 100 Continue\r\n\r\n"), 0, SendError::too_large, no},
        {"endless 103s", endless("", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), 0, SendError::too_large, no},
        {"one endless header line", endless(head + "X-A: ", "b"), 0, SendError::bad_answer, no},
        {"never answers", says_and_waits(""), 0, SendError::timeout, no},
        {"never reads",
         [](Peer& peer) {
             while (!peer.ended()) peer.pause();
         },
         0, SendError::timeout, no},
        {"drips its head", drips("", head + std::string(200, 'H')), 0, SendError::timeout, no},
        {"drips its headers", drips(head, std::string(200, 'H')), 0, SendError::timeout, no},
        {"drips its body", drips(head + "Content-Length: 200\r\n\r\n", std::string(200, 'x')), 200, none, yes},
        {"no length and no close", says_and_waits(head + "\r\nhello"), 200, none, yes},
        {"stops in the body", says_and_waits(head + "Content-Length: 100\r\n\r\nabc"), 200, none, yes},
        {"stops in the body of an error", says_and_waits("HTTP/1.1 502 No\r\nContent-Length: 100\r\n\r\nabc"), 502,
         none, no},
        {"101", says_and_waits("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), 101,
         none, no},
        {"HTTP/0.9 text", says_and_closes("hello, world\n"), 0, SendError::bad_answer, no},
        {"binary junk", says_and_closes(std::string("\x16\x03\x01\x02\x00\x01\xff\xfe\n\0", 10)), 0,
         SendError::bad_answer, no},
        {"another protocol", says_and_closes("220 mail ESMTP\r\n"), 0, SendError::bad_answer, no},
        {"too short a body", says_and_closes(head + "Content-Length: 100\r\n\r\nabc"), 200, none, yes},
        {"a reset after the head", says_and_resets(head + "Content-Length: 100\r\n\r\nabc"), 200, none, yes},
        {"a reset before the head", says_and_resets(""), 0, SendError::reset, no},
        {"a close without an answer", says_and_closes(""), 0, SendError::reset, no},
        {"a close inside the head", says_and_closes(head + "X-A: b\r\n"), 0, SendError::bad_answer, no},
        {"a negative length", says_and_waits(head + "Content-Length: -1\r\n\r\n"), 0, SendError::bad_answer, no},
        {"length and chunked",
         says_and_waits(head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"), 200, none,
         yes},
        {"bad chunk size", says_and_waits(chunked + "zz\r\nxx\r\n"), 200, none, yes},
        {"a chunk of 2^80 bytes", says_and_waits(chunked + "100000000000000000000\r\nx"), 200, none, yes},
        {"204 with a body", says_and_waits("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"), 204, none,
         yes},
        {"999", says_and_waits("HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n"), 999, none, no},
        {"410", says_and_waits("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"), 410, none, Verdict::gone},
        {"304", says_and_waits("HTTP/1.1 304 Not Modified\r\n\r\n"), 304, none, no},
        {"a status that is no number", says_and_closes("HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"), 0,
         SendError::bad_answer, no},
    };
}

void each_ends_as_it_must(void**) {
    int wrong = 0;
    for (const Receiver& receiver : receivers()) {
        Server one(receiver.script);
        Sender sender;
        auto to = sender.target(url(one.port), deadline_ms, 300);
        const double before = cpu_seconds();
        bytes_read = 0;
        const SendResult result =
            sender.post(to, strcmp(receiver.what, "never reads") == 0 ? std::string(16U << 20U, 'x') : "{}");
        const double cpu = cpu_seconds() - before;
        const bool good = result.status == receiver.status && result.error == receiver.error &&
                          judge_result(result) == receiver.verdict && bytes_read <= 128 * 1024 &&
                          sender.took_ms < deadline_ms + 1500 && cpu < 0.5 && result.answer.size() <= 4096;
        if (good) continue;
        ++wrong;
        print_error("%s: status %d, error %s (%s), %zu bytes read in %d ms, %.3f s of CPU\n", receiver.what,
                    result.status, std::string(name_of(result.error)).c_str(), result.detail.c_str(), bytes_read,
                    static_cast<int>(sender.took_ms), cpu);
    }
    assert_int_equal(wrong, 0);
}

// Bytes that come with a body but lie behind it would be the next delivery's answer on a kept connection: it is not
// kept. (What comes later, on an idle connection, libcurl 7.88 does take for the next answer; a receiver that does that
// fools only itself.)
void extra_bytes_poison_nothing(void**) {
    const std::string poison = "HTTP/1.1 500 Poison\r\nContent-Length: 0\r\n\r\n";
    for (const std::string& answer : {server::ok + poison, chunked + "1\r\nx\r\n0\r\n\r\n" + poison}) {
        Server one(server::always(answer));
        Sender sender;
        auto to = sender.target(url(one.port), 2000);
        for (int i = 0; i < 5; ++i) {
            const SendResult result = sender.post(to);
            if (judge_result(result) != Verdict::delivered)
                fail_msg("%d of \"%s\": %d %s", i, answer.c_str(), result.status, result.detail.c_str());
        }
    }
}

void an_early_answer_counts(void**) {
    Server one([](Peer& peer) {
        peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        peer.wait_for_end();
    });
    Sender sender;
    assert_int_equal(sender.post(sender.target(url(one.port), 1000), std::string(16U << 20U, 'x')).status, 413);
}

void retry_after_comes_through(void**) {
    Server one(server::always("HTTP/1.1 429 Slow\r\nRetry-After: 999999999999\r\nContent-Length: 0\r\n\r\n"));
    Sender sender;
    const SendResult result = sender.post(sender.target(url(one.port)));
    assert_int_equal(parse_retry_after(result.retry_after, 0), 24LL * 3600 * 1000);
    // Of the last head only, never of an interim one or a trailer.
    Server two(
        says_and_waits("HTTP/1.1 103 Hints\r\nRetry-After: 5\r\n\r\nHTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n"
                       "Trailer: Retry-After\r\n\r\n0\r\nRetry-After: 7\r\n\r\n"));
    const SendResult second = sender.post(sender.target(url(two.port)));
    assert_int_equal(second.status, 503);
    assert_string_equal(second.retry_after.c_str(), "");
}

}  // namespace

int main() {
    loop_thread = std::this_thread::get_id();
    const CMUnitTest tests[] = {
        cmocka_unit_test(each_ends_as_it_must),
        cmocka_unit_test(extra_bytes_poison_nothing),
        cmocka_unit_test(an_early_answer_counts),
        cmocka_unit_test(retry_after_comes_through),
    };
    return cmocka_run_group_tests_name("abuse", tests, nullptr, nullptr);
}
