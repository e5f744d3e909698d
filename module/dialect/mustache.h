// Mustache: a template over a JSON document, for DatoCMS's custom_payload, the URLs of its webhooks, and bodies of
// format plain. Ours, and small, because the packaged C++ ones hold a tree of their own in which `false` either prints
// nothing or counts as true in a section, and numbers lose their spelling (libkainjow-mustache-dev 4.1,
// libmstch-dev 1.0.2). Callers: datocms, plain. Threads: pure; immutable.
//
// By mustache(5): {{name}} escaped for HTML, {{{name}}} and {{&name}} as it is, {{#name}}…{{/name}},
// {{^name}}…{{/name}},
// {{! comment}}, dotted names, "." for the element; names are looked up from the innermost section outwards; a tag of a
// section alone on its line takes the line with it. Strict: what is not closed, partials and other delimiters are
// refused when the template is read. Objects and lists print as their JSON. In a URL all that is printed is
// percent-encoded, whatever the tag; in JSON {{name}} of a text is escaped for a string literal (without its quotes).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trot {

class Mustache {
  public:
    // Fault{Code::config, "…why"}.
    static Result<Mustache> read(std::string_view text);

    enum class Escape { html, url, json };

    // `json`: one JSON object. Output and steps are bounded (16 MiB, 100,000): what goes beyond is cut off.
    std::string render(std::string_view json, Escape escape = Escape::html) const;

    struct Node {
        enum class Kind { text, escaped, raw, section, inverted };
        Kind kind = Kind::text;
        std::string text;  // or the name
        std::vector<Node> inside = {};
    };

  private:
    std::vector<Node> nodes_;
};

// For options that are templates.
inline bool is_mustache(std::string_view text) { return Mustache::read(text).ok(); }

}  // namespace trot
