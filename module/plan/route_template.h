// The `match` of a hook: "POST,PUT /api/orders/{id}/{rest*}?force=true&flag=*" cut into what the matcher compares.
// Callers: the hook table's reader, the matcher. Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"

namespace trot {

struct TemplateSegment {
    enum class Kind { literal, parameter, rest };  // rest: "{name*}", any number of segments, none too
    Kind kind = Kind::literal;
    std::string text;  // a literal's bytes, percent-decoded; else the parameter's name
};

struct RouteTemplate {
    std::vector<std::string> methods;
    std::string path;  // as written, without its trailing slash
    std::vector<TemplateSegment> segments;
    Fields query;
};

// The fault says what is wrong and what would be right.
Result<RouteTemplate> parse_route(std::string_view match);
Result<std::vector<TemplateSegment>> parse_path_template(std::string_view path);

}  // namespace trot
