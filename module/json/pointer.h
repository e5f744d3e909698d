// JSON pointers (RFC 6901) into captured bodies without building a tree: simdjson finds the place, and the value's own
// bytes come back, never re-serialised (a payload's bytes are the upstream's; reference figure: a scanner takes 14 µs
// for 20 KB where jansson takes 248 µs). Callers: plan (conditions), capture (ids, payloads). Threads: a JsonReader is
// used by one thread; results borrow from the text given to it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trot {

enum class JsonKind { missing, null, boolean, number, string, array, object };

struct JsonValue {
    JsonKind kind = JsonKind::missing;
    std::string_view raw;  // the value's bytes in the document, without surrounding white space
};

struct JsonMember {
    std::string_view key;  // raw, with its quotes
    JsonValue value;
};

class JsonReader {
  public:
    JsonReader();
    ~JsonReader();
    JsonReader(const JsonReader&) = delete;
    JsonReader& operator=(const JsonReader&) = delete;

    // Makes `text` the current document (borrowed until the next load). A wrong document (not UTF-8, not JSON by RFC
    // 8259, deeper than 256, longer than 64 MiB, with a byte order mark) makes every find() answer `missing`; valid()
    // tells. Numbers of any size and lone surrogate escapes are fine: they are passed on as they are.
    void load(std::string_view text);
    bool valid() const;

    // The value at an RFC 6901 pointer; "" is the whole document. Duplicate keys: the first one counts.
    JsonValue find(std::string_view pointer);

    // The elements of the array at `pointer`, each as its own bytes; empty when there is no array.
    std::vector<std::string_view> elements(std::string_view pointer);

    // The members of the object at `pointer` in their order, duplicates included; empty when there is no object.
    std::vector<JsonMember> members(std::string_view pointer);

    // Every member at any depth whose name is one of `names` (ASCII case does not count), in order of place; what lies
    // inside a member already listed is not listed again. For redaction.
    std::vector<JsonMember> members_named(const std::vector<std::string>& names);
    // Strings, no keys, that begin with one of these, in document order.
    std::vector<JsonValue> texts_beginning(const std::vector<std::string_view>& beginnings);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// A scalar as plain text: a string unescaped to UTF-8, a number or boolean as written; empty for anything else.
std::string json_text(const JsonValue& value);

// A string as a JSON string literal with its quotes (RFC 8259; invalid UTF-8 becomes U+FFFD).
std::string json_quote(std::string_view text);

// Is `pointer` well formed: "" or "/a/b", with ~0 and ~1 the only escapes?
Result<void> check_pointer(std::string_view pointer);

}  // namespace trot
