#include "shape/asker.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>

namespace trot {
namespace {

constexpr int most_wait_ms = 8000;  // by the clock on the wall; the process counts its own processor time

int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

enum class Step { answered, ended, late };

Step talk(int fd, std::string_view out, JqAnswer& answer) {
    const int64_t until = now_ms() + most_wait_ms;
    std::string in;
    std::array<char, 65536> piece;  // NOLINT: written before read
    while (true) {
        pollfd wait{fd, static_cast<short>(POLLIN | (out.empty() ? 0 : POLLOUT)), 0};
        const int64_t left = until - now_ms();
        if (left <= 0) return Step::late;
        if (poll(&wait, 1, static_cast<int>(left)) < 0 && errno != EINTR) return Step::ended;
        if (!out.empty() && (wait.revents & POLLOUT) != 0) {
            const ssize_t sent = send(fd, out.data(), out.size(), MSG_NOSIGNAL);
            if (sent > 0) out.remove_prefix(static_cast<size_t>(sent));
        }
        if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
        const ssize_t read = recv(fd, piece.data(), piece.size(), 0);
        if (read < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (read <= 0) return Step::ended;
        in.append(piece.data(), static_cast<size_t>(read));
        while (take_reply(in, answer))
            if (answer.verdict != JqVerdict::greeting) return Step::answered;
    }
}

}  // namespace

Result<JqAnswer> Asker::ask(JqAsk ask, std::string_view program, std::string_view input) {
    if (!helper_.running())
        if (Result<void> started = helper_.start(); !started) return started.fault();
    std::string out;
    put_question(out, ask, program, input);
    JqAnswer answer;
    answer.verdict = JqVerdict::greeting;
    const Step step = talk(helper_.socket(), out, answer);
    if (step != Step::answered || answer.fatal()) helper_.end();
    if (step == Step::late) return Fault{Code::internal, "the jq process did not answer in time"};
    if (step == Step::answered) return answer;
    return Fault{Code::internal,
                 "the jq process ended without a word (is the package libjq1 installed, and may memory be executed?)"};
}

}  // namespace trot
