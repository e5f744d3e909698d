// The process that runs jq programs (module/shape/helper.h says why it is one). It reads questions from its socket and
// answers them one after the other. Before the first it gives up all it could do harm with: memory beyond its share,
// files, and by seccomp every system call but those that a calculation needs. When it hits a bound it says which one
// and ends; it is started anew. Threads: one.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <new>
#include <string>
#include <unordered_map>
#include <utility>

extern "C" {
#include <jq.h>
#include <jv.h>
}

#include "module/shape/frames.h"
#include "module/shape/jq_text.h"

namespace {

using trot::JqAsk;
using trot::JqVerdict;

constexpr int wire = 0;
constexpr size_t most_programs = 64;

// ---- how it ends. Signal handlers use nothing but this.

[[noreturn]] void end_with(JqVerdict verdict) {
    const trot::JqReply reply{static_cast<uint32_t>(verdict), 0};
    (void)!write(wire, &reply, sizeof reply);
    _exit(0);
}

void on_time(int /*signal*/) { end_with(JqVerdict::time); }
void on_stack(int /*signal*/) { end_with(JqVerdict::stack); }
void on_abort(int /*signal*/) { end_with(JqVerdict::crash); }
void on_memory(void* /*unused*/) { end_with(JqVerdict::memory); }
void on_new() { end_with(JqVerdict::memory); }

alignas(16) std::array<char, 65536> other_stack;

void watch_signals() {
    stack_t stack{};
    stack.ss_sp = other_stack.data();
    stack.ss_size = other_stack.size();
    sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_flags = SA_ONSTACK;
    using Handler = std::pair<int, void (*)(int)>;
    for (const auto& [signal, handler] :
         {Handler(SIGPROF, on_time), Handler(SIGSEGV, on_stack), Handler(SIGBUS, on_stack), Handler(SIGABRT, on_abort),
          Handler(SIGFPE, on_abort), Handler(SIGILL, on_abort)}) {
        action.sa_handler = handler;
        sigaction(signal, &action, nullptr);
    }
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    std::set_new_handler(on_new);
}

void set_timer(int64_t ms) {
    const itimerval timer{{0, 0}, {ms / 1000, (ms % 1000) * 1000}};
    setitimer(ITIMER_PROF, &timer, nullptr);
}

// ---- what it gives up

void limit(int what, rlim_t most) {
    const rlimit both{most, most};
    setrlimit(static_cast<__rlimit_resource>(what), &both);
}

#if defined(__x86_64__)
constexpr uint32_t machine = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t machine = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t machine = 0;
#endif

void leave_the_world() {
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_AS, trot::jq_memory);
    if (machine == 0) return;
    constexpr std::array allowed{SYS_read,           SYS_write,     SYS_recvfrom,   SYS_sendto,    SYS_mmap,
                                 SYS_munmap,         SYS_mremap,    SYS_brk,        SYS_madvise,   SYS_mprotect,
                                 SYS_futex,          SYS_exit,      SYS_exit_group, SYS_setitimer, SYS_rt_sigreturn,
                                 SYS_rt_sigprocmask, SYS_getrandom, SYS_gettid,     SYS_getpid};
    std::array<sock_filter, allowed.size() + 6> code{};
    size_t at = 0;
    const auto load = [&](size_t offset) {
        code[at++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
    };
    load(offsetof(seccomp_data, arch));
    code[at++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, machine, 1, 0);
    code[at++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    load(offsetof(seccomp_data, nr));
    for (size_t i = 0; i < allowed.size(); ++i)
        code[at++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(allowed[i]),
                              static_cast<uint8_t>(allowed.size() - i), 0);
    code[at++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    code[at++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const sock_fprog program{static_cast<unsigned short>(at), code.data()};
    // Where the kernel does not know it the rest still holds: no environment, no file, no names that ask for them.
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) (void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

// ---- the wire

bool get(void* into, size_t bytes) {
    auto* at = static_cast<char*>(into);
    while (bytes > 0) {
        const ssize_t got = read(wire, at, bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        bytes -= static_cast<size_t>(got);
    }
    return true;
}

bool put(JqVerdict verdict, std::string_view bytes) {
    const trot::JqReply reply{static_cast<uint32_t>(verdict), static_cast<uint32_t>(bytes.size())};
    std::string out(reinterpret_cast<const char*>(&reply), sizeof reply);  // NOLINT: its bytes
    out += bytes;
    for (std::string_view left = out; !left.empty();) {
        const ssize_t sent = write(wire, left.data(), left.size());
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        left.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
}

// ---- jq

std::string text_of(jv value) {
    if (jv_get_kind(value) != JV_KIND_STRING) value = jv_dump_string(value, 0);
    std::string out(jv_string_value(value), static_cast<size_t>(jv_string_length_bytes(jv_copy(value))));
    jv_free(value);
    return out;
}

// The first of what jq says while it compiles.
void take_message(void* into, jv message) {
    auto& said = *static_cast<std::string*>(into);
    const std::string text = text_of(message);
    if (said.empty()) said = trot::plain_jq_message(text);
}

struct Program {
    jq_state* state = nullptr;
    std::string wrong;  // why it cannot be compiled
};

Program compile(const std::string& text) {
    Program out;
    out.state = jq_init();
    if (out.state == nullptr) end_with(JqVerdict::memory);
    jq_set_nomem_handler(out.state, on_memory, nullptr);
    jq_set_error_cb(out.state, take_message, &out.wrong);
    jq_set_input_cb(
        out.state, [](jq_state*, void*) { return jv_invalid(); }, nullptr);
    jq_set_attr(out.state, jv_string("JQ_LIBRARY_PATH"), jv_array());
    jq_set_attr(out.state, jv_string("JQ_ORIGIN"), jv_string("/nonexistent"));
    jq_set_attr(out.state, jv_string("PROGRAM_ORIGIN"), jv_string("/nonexistent"));
    if (jq_compile(out.state, text.c_str()) == 0) {
        if (out.wrong.empty()) out.wrong = "jq does not say why";
        jq_teardown(&out.state);
    }
    return out;
}

// What a run has left in jq's stack goes while the run's clock still ticks: a value that is too deep to be freed is
// not the next one's fault.
void let_go(jq_state* state) {
    jq_start(state, jv_null(), 0);
    set_timer(0);
}

bool run(jq_state* state, std::string_view input) {
    jv value = jv_parse_sized(input.data(), static_cast<int>(input.size()));
    if (jv_is_valid(value) == 0) {
        jv message = jv_invalid_get_msg(value);
        return put(JqVerdict::error, "the event cannot be read by jq: " + text_of(message));
    }
    jq_start(state, value, 0);
    jv first = jq_next(state);
    if (jv_is_valid(first) == 0) {
        const bool raised = jv_invalid_has_msg(jv_copy(first)) != 0;
        const std::string said = raised ? text_of(jv_invalid_get_msg(jv_copy(first))) : "";
        jv_free(first);
        if (jq_halted(state) != 0) end_with(JqVerdict::crash);
        let_go(state);
        return put(raised ? JqVerdict::error : JqVerdict::none, said);
    }
    jv second = jq_next(state);
    const bool one = jv_is_valid(second) == 0;
    const bool raised = one && jv_invalid_has_msg(jv_copy(second)) != 0;
    std::string said = raised ? text_of(jv_invalid_get_msg(jv_copy(second)))
                       : one  ? text_of(jv_dump_string(first, 0))
                              : "";
    if (raised || !one) jv_free(first);
    jv_free(second);
    let_go(state);
    if (raised) return put(JqVerdict::error, said);
    if (!one) return put(JqVerdict::several, "");
    if (said.size() > trot::most_jq_output)
        return put(JqVerdict::error,
                   "its value is larger than " + std::to_string(trot::most_jq_output >> 20U) + " MiB");
    return put(JqVerdict::value, said);
}

bool answer(std::unordered_map<std::string, Program>& programs) {
    trot::JqQuestion question;
    if (!get(&question, sizeof question)) return false;
    if (question.program_bytes > size_t{1} << 20U || question.input_bytes > trot::most_jq_input) return false;
    std::string text(question.program_bytes, '\0');
    std::string input(question.input_bytes, '\0');
    if (!get(text.data(), text.size()) || !get(input.data(), input.size())) return false;
    auto found = programs.find(text);
    if (found == programs.end()) {
        if (programs.size() >= most_programs) {
            for (auto& [key, program] : programs)
                if (program.state != nullptr) jq_teardown(&program.state);
            programs.clear();
        }
        set_timer(trot::jq_compile_ms);
        found = programs.emplace(text, compile(text)).first;
        // The message's place is on our stack no more.
        if (found->second.state != nullptr)
            jq_set_error_cb(
                found->second.state, [](void*, jv said) { jv_free(said); }, nullptr);
        set_timer(0);
    }
    if (found->second.state == nullptr) return put(JqVerdict::wrong, found->second.wrong);
    if (static_cast<JqAsk>(question.ask) == JqAsk::compile) return put(JqVerdict::value, "true");
    set_timer(trot::jq_run_ms(input.size()));
    const bool sent = run(found->second.state, input);
    set_timer(0);
    return sent;
}

}  // namespace

int main() {
    watch_signals();
    // What libjq does once (and may ask the system for) it does now.
    Program warm = compile(".");
    if (warm.state != nullptr) {
        jq_start(warm.state, jv_null(), 0);
        jv_free(jq_next(warm.state));
        jv_free(jq_next(warm.state));
        jq_teardown(&warm.state);
    }
    leave_the_world();
    if (!put(JqVerdict::greeting, std::to_string(getpid()))) return 1;
    std::unordered_map<std::string, Program> programs;
    while (answer(programs)) {
    }
    return 0;
}
