// Percent escapes, one at a time. Callers: this room, plan (routes in a query). Threads: pure functions.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/text.h"

namespace trot {

inline int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char l = ascii_lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// The byte that "%xy" at `at` stands for, or -1 when those are no two hex digits.
inline int escaped_byte(std::string_view text, size_t at) {
    if (at + 2 >= text.size()) return -1;
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Takes the byte at the front of a text that is not empty, decoded.
inline char take_decoded(std::string_view& text, bool plus_is_space) {
    const char c = text.front();
    const int byte = c == '%' ? escaped_byte(text, 0) : -1;
    text.remove_prefix(byte < 0 ? 1 : 3);
    if (byte >= 0) return static_cast<char>(byte);
    return c == '+' && plus_is_space ? ' ' : c;
}

}  // namespace trot
