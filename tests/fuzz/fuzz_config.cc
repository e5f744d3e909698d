// Any text as a configuration: a plan or a list of mistakes, never a crash; each mistake has its place; what loads,
// loads again.
#include <cstdlib>

#include "dialect/format.h"
#include "plan/load.h"

namespace {

// A place and a text a line: "fuzz.toml:3:1: …", or another file's that a dialect brought.
bool every_line_has_a_place(std::string_view text) {
    while (!text.empty()) {
        const size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        if (line.find(": ") == std::string_view::npos) return false;
        if (end == std::string_view::npos) return true;
        text.remove_prefix(end + 1);
    }
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const trot::Vocabulary words = trot::shipped_vocabulary();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    // Globs over this machine's files are slow and say nothing about us.
    if (text.find("include") != std::string_view::npos) return 0;
    const trot::Result<trot::PlanPtr> plan = trot::parse_plan(text, "fuzz.toml", words);
    if (!plan) {
        if (!every_line_has_a_place(plan.fault().text)) std::abort();
    } else if (!trot::parse_plan(text, "fuzz.toml", words)) {
        std::abort();
    }
    return 0;
}
