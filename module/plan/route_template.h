// The `match` of a hook: "POST,PUT /api/orders/{id:int}/{rest*}?force=true&flag=*" cut into what the matcher compares.
// Callers: the hook table's reader, the matcher. Threads: pure functions; routes are immutable.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "plan/param_pattern.h"

namespace trot {

struct TemplateSegment {
    enum class Kind { literal, parameter, rest };  // rest: "{name*}", any number of segments, none too
    Kind kind = Kind::literal;
    std::string text;  // a literal's bytes, percent-decoded; else the parameter's name
    // Of a parameter that is not every segment: "v{n:int}.json" has "v", a pattern and ".json".
    std::string before, after;
    std::shared_ptr<const ParamPattern> pattern;
    std::string test;  // how these three are written: equal ones match alike; empty: every segment

    bool fits(std::string_view segment, bool fold) const;
    std::string_view value(std::string_view segment) const {
        return segment.substr(before.size(), segment.size() - before.size() - after.size());
    }
};

struct Route {
    std::vector<std::string> methods;  // "POST"; "*" is any method
    std::string path;                  // as written, without its trailing slash
    std::vector<TemplateSegment> segments;
    Fields query;  // parameters the target must carry; value "*" is any value
};

// One line of `match`. Optional parts, "/store[/{version}]/checkout", make several routes. The fault says what is wrong
// and what would be right.
Result<std::vector<Route>> parse_routes(std::string_view match);
Result<std::vector<TemplateSegment>> parse_path_template(std::string_view path);

}  // namespace trot
