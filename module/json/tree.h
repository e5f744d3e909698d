// JSON as a tree, for what is built or looked at as a whole and is small: management requests and replies, settings.
// Captured bodies are read by pointer.h, which builds none. The tree is jansson's: objects keep the order of their
// members. Callers: manage, plan, dispatch. Threads: a tree belongs to one thread.
#pragma once

#include <jansson.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trot {

struct DropJson {
    void operator()(json_t* value) const { json_decref(value); }
};
using Json = std::unique_ptr<json_t, DropJson>;

// Any value. A text that is no JSON (RFC 8259), deeper than 2,048, with a NUL in a string, or with the same name twice
// in one object, is Code::usage and says where.
Result<Json> parse_json(std::string_view text);

enum class JsonStyle {
    plain,
    php,  // as PHP's json_encode does: "\/" and "\u00e9"
};
std::string spell_json(const json_t* value, JsonStyle style = JsonStyle::plain);

// Never null: a text that is not UTF-8 has its bad bytes replaced by U+FFFD.
json_t* json_of(std::string_view text);

// A member that is a text, as json_of makes it.
void set_text(json_t* object, const std::string& member, std::string_view text);

// The member's text; empty when it is not there or no string.
std::string_view text_of(const json_t* object, const char* member);

}  // namespace trot
