// Scalars between JSON and plain text: unescaping, quoting, and the form of a pointer.
#include <array>
#include <cstdint>

#include "json/pointer.h"

namespace trot {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The four hex digits at `at`, or -1 when they are not there.
int32_t unit_at(std::string_view text, size_t at) {
    if (at + 4 > text.size()) return -1;
    int32_t unit = 0;
    for (size_t i = at; i < at + 4; ++i) {
        const int digit = hex_digit(text[i]);
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

void append_utf8(std::string& out, uint32_t point) {
    if (point < 0x80) {
        out += static_cast<char>(point);
    } else if (point < 0x800) {
        out += static_cast<char>(0xc0 | (point >> 6));
        out += static_cast<char>(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        out += static_cast<char>(0xe0 | (point >> 12));
        out += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (point & 0x3f));
    } else {
        out += static_cast<char>(0xf0 | (point >> 18));
        out += static_cast<char>(0x80 | ((point >> 12) & 0x3f));
        out += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
        out += static_cast<char>(0x80 | (point & 0x3f));
    }
}

// Appends the character of the \u escape whose digits start at `at`; returns the place behind it. A surrogate without
// its other half has no character: U+FFFD stands for it.
size_t append_unicode(std::string& out, std::string_view text, size_t at) {
    const int32_t unit = unit_at(text, at);
    if (unit < 0) return text.size();
    if (unit >= 0xd800 && unit < 0xdc00 && text.substr(at + 4, 2) == "\\u") {
        const int32_t low = unit_at(text, at + 6);
        if (low >= 0xdc00 && low < 0xe000) {
            append_utf8(out, 0x10000U + ((static_cast<uint32_t>(unit) - 0xd800U) << 10) +
                                 (static_cast<uint32_t>(low) - 0xdc00U));
            return at + 10;
        }
    }
    if (unit >= 0xd800 && unit < 0xe000)
        out += replacement;
    else
        append_utf8(out, static_cast<uint32_t>(unit));
    return at + 4;
}

std::string unescape(std::string_view inside) {
    std::string out;
    out.reserve(inside.size());
    size_t at = 0;
    while (at < inside.size()) {
        const size_t escape = inside.find('\\', at);
        out += inside.substr(at, escape - at);
        if (escape == std::string_view::npos || escape + 1 >= inside.size()) break;
        const char letter = inside[escape + 1];
        at = escape + 2;
        switch (letter) {
            case 'b':
                out += '\b';
                break;
            case 'f':
                out += '\f';
                break;
            case 'n':
                out += '\n';
                break;
            case 'r':
                out += '\r';
                break;
            case 't':
                out += '\t';
                break;
            case 'u':
                at = append_unicode(out, inside, at);
                break;
            default:
                out += letter;
                break;
        }
    }
    return out;
}

// How many bytes the well-formed UTF-8 character at `at` has (Unicode table 3-7); 0 when it is not one, and `bad` says
// how many bytes one U+FFFD replaces.
size_t utf8_length(std::string_view text, size_t at, size_t& bad) {
    const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0U; };
    const uint32_t lead = byte(at);
    bad = 1;
    size_t length = 0;
    uint32_t low = 0x80;
    uint32_t high = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) length = 2;
    if (lead >= 0xe0 && lead <= 0xef) length = 3;
    if (lead >= 0xf0 && lead <= 0xf4) length = 4;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
    for (size_t i = 1; i < length; ++i) {
        const uint32_t next = byte(at + i);
        if (next < low || next > high) return 0;
        low = 0x80;
        high = 0xbf;
        bad = i + 1;
    }
    return length;
}

}  // namespace

std::string json_text(const JsonValue& value) {
    switch (value.kind) {
        case JsonKind::boolean:
        case JsonKind::number:
            return std::string(value.raw);
        case JsonKind::string:
            return value.raw.size() < 2 ? std::string() : unescape(value.raw.substr(1, value.raw.size() - 2));
        default:
            return {};
    }
}

std::string json_quote(std::string_view text) {
    static constexpr std::array<char, 17> digits{"0123456789abcdef"};
    std::string out;
    out.reserve(text.size() + 2);
    out += '"';
    size_t start = 0;  // of the run that goes out unchanged
    size_t at = 0;
    const auto flush = [&] { out += text.substr(start, at - start); };
    while (at < text.size()) {
        const auto byte = static_cast<uint8_t>(text[at]);
        if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
            ++at;
            continue;
        }
        size_t bad = 1;
        if (byte >= 0x80) {
            const size_t length = utf8_length(text, at, bad);
            if (length > 0) {
                at += length;
                continue;
            }
            flush();
            out += replacement;
            at += bad;
            start = at;
            continue;
        }
        flush();
        switch (byte) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                out += "\\u00";
                out += digits[byte >> 4];
                out += digits[byte & 15];
                break;
        }
        start = ++at;
    }
    flush();
    out += '"';
    return out;
}

Result<void> check_pointer(std::string_view pointer) {
    if (pointer.empty()) return {};
    if (pointer.front() != '/')
        return Fault{Code::usage, "a JSON pointer is empty or begins with '/': '" + std::string(pointer) + "'"};
    for (size_t at = pointer.find('~'); at != std::string_view::npos; at = pointer.find('~', at + 1)) {
        const char next = at + 1 < pointer.size() ? pointer[at + 1] : '\0';
        if (next != '0' && next != '1')
            return Fault{Code::usage, "in the JSON pointer '" + std::string(pointer) +
                                          "' a '~' is not followed by 0 or 1: write ~0 for '~' and ~1 for '/'"};
    }
    return {};
}

}  // namespace trot
