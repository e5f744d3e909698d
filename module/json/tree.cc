#include "json/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "base/text.h"
#include "json/pointer.h"

namespace trot {

Result<Json> parse_json(std::string_view text) {
    json_error_t error{};
    Json parsed(json_loadb(text.data(), text.size(), JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error));
    if (parsed) return parsed;
    return Fault{Code::usage, fmt::format("line {}, column {}: {}", error.line, error.column, error.text)};
}

namespace {

// jansson writes "\u00E9", PHP "\u00e9".
void lower_escapes(std::string& text) {
    for (size_t at = text.find('\\'); at != std::string::npos; at = text.find('\\', at)) {
        if (text[at + 1] == 'u') std::transform(&text[at + 2], &text[at + 6], &text[at + 2], ascii_lower);
        at += 2;
    }
}

}  // namespace

std::string spell_json(const json_t* value, JsonStyle style) {
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    if (style == JsonStyle::php) flags |= JSON_ENSURE_ASCII | JSON_ESCAPE_SLASH;
    const std::unique_ptr<char, void (*)(void*)> text(json_dumps(value, flags), std::free);
    if (!text) throw std::bad_alloc();
    std::string out = text.get();
    if (style == JsonStyle::php) lower_escapes(out);
    return out;
}

json_t* json_of(std::string_view text) {
    if (json_t* value = json_stringn(text.data(), text.size())) return value;
    // Not UTF-8: quoted with replacements, and read again.
    const std::string quoted = json_quote(text);
    json_t* value = json_loadb(quoted.data(), quoted.size(), JSON_DECODE_ANY | JSON_ALLOW_NUL, nullptr);
    return value != nullptr ? value : json_string("");
}

void set_text(json_t* object, const std::string& member, std::string_view text) {
    json_object_set_new(object, member.c_str(), json_of(text));
}

std::string_view text_of(const json_t* object, const char* member) {
    const json_t* value = json_object_get(object, member);
    if (!json_is_string(value)) return {};
    return {json_string_value(value), json_string_length(value)};
}

}  // namespace trot
