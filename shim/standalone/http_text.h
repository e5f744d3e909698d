// The alphabet of HTTP: tokens, field lines, lists, numbers, hosts. ASCII only, no locale. Callers: the parsers of
// http.h. Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shim/standalone/http.h"

namespace trot::http {

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
inline bool digit(char c) { return c >= '0' && c <= '9'; }
inline bool alpha(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
int hex(char c);  // 0..15, or -1

bool equal_nocase(std::string_view a, std::string_view b);
// An application behind CGI, WSGI or PHP reads Transfer_Encoding and Transfer-Encoding as one name. `dashed` is in
// lower case.
bool same_to_cgi(std::string_view name, std::string_view dashed);
bool token_char(char c);
bool token(std::string_view text);
// What a field value, a reason or a chunk extension may hold: TAB, SP, visible characters and obs-text.
inline bool text_char(char c) {
    const auto u = static_cast<unsigned char>(c);
    return c == '\t' || (u >= 0x20 && u != 0x7f);
}
std::string_view trim(std::string_view text);

// The next member of a comma-separated list, taken off the front; empty members are given as empty. False at the end.
bool next_member(std::string_view& list, std::string_view& member);
// Does a list field (all its lines) name that member, whatever the case?
bool names(const std::vector<Field>& fields, std::string_view field, std::string_view member);

// 1*DIGIT that fits; no sign, no space.
std::optional<uint64_t> decimal(std::string_view text);
// uri-host [":" port], or empty. No user information, no list.
bool valid_host(std::string_view text);

// Takes a header or trailer line apart; nullptr, or what is wrong with it.
const char* split_field(std::string_view line, std::string_view& name, std::string_view& value);

}  // namespace trot::http
