#include "shape/helper.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "shape/program.h"

// The executable, as the linker put it here (CMakeLists.txt: shape/embedded.S).
extern "C" {
extern const char trotline_jq_begin[];
extern const char trotline_jq_end[];
}

namespace trot {
namespace {

constexpr size_t most_said = 300;

// A file that is only in memory, with the executable in it; -1 and errno.
int executable() {
    int fd = memfd_create("trotline-jq", MFD_CLOEXEC | MFD_ALLOW_SEALING | 0x0010U /* MFD_EXEC, Linux 6.3 */);
    if (fd < 0) fd = memfd_create("trotline-jq", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return -1;
    const char* at = trotline_jq_begin;
    while (at < trotline_jq_end) {
        const ssize_t written = write(fd, at, static_cast<size_t>(trotline_jq_end - at));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) {
            const int why = errno;
            close(fd);
            errno = why;
            return -1;
        }
        at += written;
    }
    (void)fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    return fd;
}

// Not _exit(): a sanitizer looks for threads there, which a copy of one has none of, and ends it otherwise.
[[noreturn]] void leave(int code) {
    for (;;) (void)syscall(SYS_exit_group, code);
}

// In the new process: nothing here may allocate or lock, the memory is a copy of one with other threads in it.
[[noreturn]] void become(int program, int socket) {
    if (dup2(socket, 0) < 0) leave(126);
    const int nowhere = open("/dev/null", O_RDWR);  // NOLINT: no mode, nothing is made
    if (nowhere < 0 || dup2(nowhere, 1) < 0 || dup2(nowhere, 2) < 0) leave(126);
    const auto on_exec = static_cast<unsigned>(FD_CLOEXEC);
    if (syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) != 0)
        for (int fd = 3; fd < 4096; ++fd) (void)fcntl(fd, F_SETFD, on_exec);
    if (chdir("/") != 0) leave(126);
    char name[] = "trotline-jq";
    char* const arguments[] = {name, nullptr};
    char* const environment[] = {nullptr};
    (void)syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
    leave(127);
}

// clone() without a signal at the end: neither nginx nor another host is told of a child it does not know.
pid_t fork_silently() { return static_cast<pid_t>(syscall(SYS_clone, 0UL, nullptr, nullptr, nullptr, nullptr)); }

}  // namespace

Result<void> JqHelper::start() {
    end();
    std::array<int, 2> pair{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0)
        return Fault{Code::internal, std::string("no socket for jq: ") + std::strerror(errno)};
    const int program = executable();
    const int why = errno;
    const pid_t middle = program < 0 ? -1 : fork_silently();
    if (middle == 0) {
        const pid_t last = fork_silently();
        if (last == 0) become(program, pair[1]);
        leave(last < 0 ? 1 : 0);
    }
    const int forked = errno;
    int status = 0;
    if (middle > 0)
        while (waitpid(middle, &status, __WALL) < 0 && errno == EINTR) {
        }
    close(pair[1]);
    if (program >= 0) close(program);
    if (middle < 0 || status != 0) {
        close(pair[0]);
        return Fault{Code::internal,
                     std::string("the jq process cannot be started: ") + std::strerror(program < 0  ? why
                                                                                       : middle < 0 ? forked
                                                                                                    : EAGAIN)};
    }
    (void)fcntl(pair[0], F_SETFL, O_NONBLOCK);
    socket_ = pair[0];
    return {};
}

void JqHelper::end() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
}

void put_question(std::string& out, JqAsk ask, std::string_view program, std::string_view input) {
    JqQuestion head;
    head.ask = static_cast<uint32_t>(ask);
    const std::string wrapped = wrap_program(program);
    head.program_bytes = static_cast<uint32_t>(wrapped.size());
    head.input_bytes = static_cast<uint32_t>(input.size());
    out.append(reinterpret_cast<const char*>(&head), sizeof head);  // NOLINT: its bytes
    out += wrapped;
    out += input;
}

bool take_reply(std::string& in, JqAnswer& out) {
    JqReply head;
    if (in.size() < sizeof head) return false;
    std::memcpy(&head, in.data(), sizeof head);
    if (in.size() - sizeof head < head.bytes) return false;
    out.verdict = static_cast<JqVerdict>(std::min<uint32_t>(head.verdict, static_cast<uint32_t>(JqVerdict::greeting)));
    out.bytes.assign(in, sizeof head, head.bytes);
    in.erase(0, sizeof head + head.bytes);
    return true;
}

std::string explain(const JqAnswer& answer, JqAsk ask, bool quotes) {
    std::string said = answer.bytes.substr(0, most_said);
    std::replace_if(
        said.begin(), said.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    const std::string what = ask == JqAsk::filter ? "the filter" : ask == JqAsk::transform ? "the transform" : "it";
    switch (answer.verdict) {
        case JqVerdict::value:
            return what + " gave " + (quotes ? said : "another value") + ", it must give true or false";
        case JqVerdict::none:
            return what + " gave nothing";
        case JqVerdict::several:
            return what + " gave more than one value, it must give one";
        case JqVerdict::error:
            return what + " raised an error" + (quotes ? ": " + said : "");
        case JqVerdict::wrong:
            return what + " is no jq program: " + said;
        case JqVerdict::time:
            return what + " was stopped: it took more than its share of processor time";
        case JqVerdict::memory:
            return what + " was stopped: it took more than " + std::to_string(jq_memory >> 20U) + " MiB of memory";
        case JqVerdict::stack:
            return what + " was stopped: what it made is nested too deep";
        default:
            return what + " was stopped: jq itself failed";
    }
}

}  // namespace trot
