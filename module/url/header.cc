#include "url/header.h"

#include <algorithm>
#include <array>
#include <string>

#include "url/refuse.h"

namespace trot {
namespace {

constexpr std::array<std::string_view, 14> reserved = {"connection",
                                                       "content-encoding",
                                                       "content-length",
                                                       "content-type",
                                                       "expect",
                                                       "host",
                                                       "keep-alive",
                                                       "proxy-authenticate",
                                                       "proxy-authorization",
                                                       "proxy-connection",
                                                       "te",
                                                       "trailer",
                                                       "transfer-encoding",
                                                       "upgrade"};

bool is_token_byte(char c) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
    return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// A name that may hold anything is shown without what would spoil a log line.
std::string shown(std::string_view name) {
    std::string out;
    for (char c : name.substr(0, 64)) out += c >= 0x20 && c < 0x7f ? c : '?';
    return out;
}

}  // namespace

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte); }

bool is_header_value(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 || byte == '\t') && byte != 0x7f;
    });
}

bool is_reserved_header(std::string_view name) {
    return std::any_of(reserved.begin(), reserved.end(),
                       [name](std::string_view one) { return equal_nocase(one, name); });
}

Result<void> check_header(std::string_view name, std::string_view value) {
    if (!is_token(name))
        return refuse("header name \"" + shown(name) + "\" is not a token; right are letters, digits and hyphens");
    if (is_reserved_header(name)) return refuse("header " + shown(name) + " is set by Trotline itself");
    if (value.empty()) return refuse("header " + shown(name) + " has no value");
    if (!is_header_value(value))
        return refuse("the value of header " + shown(name) + " holds a line break or another control byte");
    return {};
}

Result<Field> read_header(std::string_view line) {
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) return refuse("\"" + shown(line) + "\" has no colon; right is Name: value");
    Field field{std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))};
    if (Result<void> sound = check_header(field.name, field.value); !sound) return sound.fault();
    return field;
}

}  // namespace trot
