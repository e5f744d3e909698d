// Percent escapes. Callers: this room, plan (routes in a query), capture (what is asked of the upstream), dialect
// (spelled options). Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/text.h"

namespace trot {

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

// RFC 3986's unreserved characters and those of `also` as they are, everything else escaped. Appends.
inline void put_escaped(std::string& out, std::string_view text, std::string_view also = {}) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
        const char l = ascii_lower(c);
        const bool plain = (c >= '0' && c <= '9') || (l >= 'a' && l <= 'z') ||
                           std::string_view("-._~").find(c) != std::string_view::npos ||
                           also.find(c) != std::string_view::npos;
        if (plain) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
}

}  // namespace trot
