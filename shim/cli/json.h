// jansson with an owner, and the few questions the commands ask of it. Callers: har, lists, status, listen. Threads:
// pure.
#pragma once

#include <jansson.h>

#include <memory>
#include <string>
#include <string_view>

namespace trot::cli {

struct DropJson {
    void operator()(json_t* value) const { json_decref(value); }
};
using Json = std::unique_ptr<json_t, DropJson>;

// Null when the text is no JSON.
Json parse_json(std::string_view text);
// Compact, one line.
std::string dump_json(const json_t* value);

// A member's text; "" when it is missing or no text.
std::string_view text_at(const json_t* object, const char* key);
// A member's number; 0 when it is missing or none.
int64_t number_at(const json_t* object, const char* key);
// A JSON string, or null when the bytes are no UTF-8.
Json json_text(std::string_view bytes);

std::string base64(std::string_view bytes);
// White space is skipped; false when it is no base64.
bool unbase64(std::string_view text, std::string& bytes);

}  // namespace trot::cli
