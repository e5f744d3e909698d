#include "plan/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace trot {
namespace {

// What a file holds must not break the line that quotes it, nor reach a terminal as a command.
std::string one_line(const std::string& text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n')
            out += "\\n";
        else if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += c;
    }
    return out;
}

}  // namespace

uint32_t Report::add_file(std::string name) {
    files_.push_back(std::move(name));
    return static_cast<uint32_t>(files_.size() - 1);
}

std::string Report::beside(const Mark& mark, std::string_view path) const {
    if (path.empty() || path.front() == '/') return std::string(path);
    const std::string& name = files_[mark.file];
    const size_t slash = name.rfind('/');
    return slash == std::string::npos ? std::string(path) : name.substr(0, slash + 1) + std::string(path);
}

void Report::mistake(const Mark& mark, const std::string& text) { mistakes_.push_back({mark, text}); }

void Report::warning(const Mark& mark, const std::string& text) { warnings_.push_back({mark, text}); }

std::string Report::place(const Mark& mark) const {
    if (mark.line == 0) return files_[mark.file];
    return fmt::format("{}:{}:{}", files_[mark.file], mark.line, mark.column);
}

std::vector<std::string> Report::sorted(std::vector<Entry> entries) const {
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::tie(a.mark.file, a.mark.line, a.mark.column) < std::tie(b.mark.file, b.mark.line, b.mark.column);
    });
    std::vector<std::string> out;
    out.reserve(entries.size());
    for (const Entry& entry : entries) out.push_back(one_line(place(entry.mark) + ": " + entry.text));
    return out;
}

std::string Report::mistakes() const { return fmt::format("{}", fmt::join(sorted(mistakes_), "\n")); }

std::vector<std::string> Report::warnings() const { return sorted(warnings_); }

}  // namespace trot
