// Small text helpers that <string> lacks. Callers: everybody. Threads: pure functions.
#pragma once

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trot {

// A header field, a query pair or a form field, in the order and spelling it was sent.
struct Field {
    std::string name;
    std::string value;
    bool operator==(const Field&) const = default;
};
using Fields = std::vector<Field>;

inline char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// What a hex digit stands for, or -1 for another character.
inline int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char small = ascii_lower(c);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

// ASCII only: header names, hosts, methods and hex never depend on a locale.
inline bool equal_nocase(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return x == y || ascii_lower(x) == ascii_lower(y);
           });
}

inline std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), ascii_lower);
    return out;
}

inline std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// The first field of that name, or nullptr.
inline const std::string* find_field(const Fields& fields, std::string_view name) {
    for (const Field& field : fields)
        if (equal_nocase(field.name, name)) return &field.value;
    return nullptr;
}

// The candidate nearest to `word` by edit distance, or empty when none is near (more than a third of it differs).
// For "unknown key 'upstraem', did you mean 'upstream'?".
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace trot
