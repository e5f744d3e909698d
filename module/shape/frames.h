// What goes over the socket between us and the jq process (shim/jq/main.cc): both are made of one source, so numbers
// are as the machine has them. Callers: asker, dispatch, the process itself. Threads: plain values.
#pragma once

#include <cstddef>
#include <cstdint>

namespace trot {

enum class JqAsk : uint32_t { compile = 0, filter = 1, transform = 2 };

struct JqQuestion {
    uint32_t ask = 0;  // JqAsk
    uint32_t program_bytes = 0, input_bytes = 0;
    // program (wrapped) and input follow
};

enum class JqVerdict : uint32_t {
    value = 0,     // bytes: the one output, as JSON
    none = 1,      // it gave nothing
    several = 2,   // … more than one
    error = 3,     // bytes: what the program, or jq about it, said
    wrong = 4,     // bytes: why it cannot be compiled
    time = 5,      // from here on the process has ended with its answer
    memory = 6,    //
    stack = 7,     // too deep
    crash = 8,     // jq itself failed
    greeting = 9,  // bytes: the process's number; before anything is asked
};

struct JqReply {
    uint32_t verdict = 0;
    uint32_t bytes = 0;
};

inline constexpr size_t most_jq_input = size_t{16} << 20;
inline constexpr size_t most_jq_output = size_t{4} << 20;
inline constexpr uint64_t jq_memory = uint64_t{256} << 20;
inline constexpr int64_t jq_compile_ms = 2000;
// CPU time of the process for one input: more for a large one.
inline constexpr int64_t jq_run_ms(size_t input_bytes) { return 100 + static_cast<int64_t>(input_bytes >> 12U); }

}  // namespace trot
