// jq's own messages for people who did not ask jq: without its shell's hints, and with the lines as the program's
// writer counts them. Callers: shim/jq. Threads: pure.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

namespace trot {

// "jq: error: f/0 is not defined at <top-level>, line 3:\n…" → "f/0 is not defined at its line 2"
inline std::string plain_jq_message(std::string_view text) {
    constexpr std::string_view begin = "jq: error: ";
    constexpr std::string_view place = " at <top-level>, line ";
    constexpr std::string_view hint = " (Unix shell quoting issues?)";
    std::string out(text.substr(0, text.find('\n')));
    if (out.compare(0, begin.size(), begin) == 0) out.erase(0, begin.size());
    if (const size_t at = out.find(hint); at != std::string::npos) out.erase(at, hint.size());
    if (const size_t at = out.find(place); at != std::string::npos) {
        const long line = std::strtol(out.c_str() + at + place.size(), nullptr, 10);  // NOLINT: digits of jq's own
        out.erase(at);
        // One line of ours stands before the program; what is missing at its end is noticed behind it.
        out += " at its line " + std::to_string(line > 1 ? line - 1 : 1);
    }
    return out;
}

}  // namespace trot
