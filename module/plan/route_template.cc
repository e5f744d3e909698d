#include "plan/route_template.h"

#include <fmt/format.h>

#include "plan/section.h"
#include "plan/wrong.h"
#include "url/target.h"

namespace trot {
namespace {

bool name_is_right(std::string_view name) {
    if (name.empty() || name.size() > 64) return false;
    for (const char c : name)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') return false;
    return true;
}

// The '}' of the '{' at `open`, over the braces of a pattern; npos when there is none.
size_t close_of(std::string_view text, size_t open) {
    size_t depth = 0;
    for (size_t at = open; at < text.size(); ++at) {
        if (text[at] == '{') ++depth;
        if (text[at] == '}' && --depth == 0) return at;
    }
    return std::string_view::npos;
}

// The first of `wanted` outside of braces.
size_t find_outside(std::string_view text, std::string_view wanted, size_t from = 0) {
    for (size_t at = from; at < text.size(); ++at) {
        if (wanted.find(text[at]) != std::string_view::npos) return at;
        if (text[at] == '{') at = close_of(text, at);
        if (at == std::string_view::npos) break;
    }
    return std::string_view::npos;
}

Result<std::vector<std::string>> parse_methods(std::string_view text) {
    std::vector<std::string> out;
    for (;;) {
        const size_t comma = text.find(',');
        const std::string_view method = trim(text.substr(0, comma));
        if (method.empty()) return wrong("it has an empty method, write it like \"POST,PUT /orders/{id}\"");
        if (method != "*")
            for (const char c : method) {
                const bool capital = c >= 'A' && c <= 'Z';
                if (!capital && c != '-' && c != '_' && !(c >= '0' && c <= '9'))
                    return wrong(fmt::format(
                        "{} is no method, methods are in capitals like \"POST,PUT /orders/{{id}}\"", quoted(method)));
            }
        out.emplace_back(method);
        if (comma == std::string_view::npos) return out;
        text.remove_prefix(comma + 1);
    }
}

// "{name}", "{name*}" or "{name:pattern}", without the braces.
Result<void> parse_parameter(std::string_view text, bool last, TemplateSegment& out) {
    out.kind = TemplateSegment::Kind::parameter;
    const size_t colon = text.find(':');
    const bool rest = colon == std::string_view::npos && !text.empty() && text.back() == '*';
    const std::string_view name = rest ? text.substr(0, text.size() - 1) : text.substr(0, colon);
    if (rest) {
        out.kind = TemplateSegment::Kind::rest;
        if (!out.before.empty() || !out.after.empty() || !last)
            return wrong(
                fmt::format("\"{{{}*}}\" takes all that follows, so it must be the last segment, by itself", name));
    }
    if (!name_is_right(name))
        return wrong(fmt::format("{} is no parameter name, use letters, digits, '_' and '-'", quoted(name)));
    out.text = name;
    if (colon != std::string_view::npos) {
        Result<ParamPattern> pattern = ParamPattern::parse(text.substr(colon + 1));
        if (!pattern) return wrong(fmt::format("the pattern of \"{{{}}}\" is wrong: {}", text, pattern.fault().text));
        out.pattern = std::make_shared<const ParamPattern>(std::move(pattern).value());
    }
    if (out.pattern || !out.before.empty() || !out.after.empty())
        out.test = fmt::format("{}{{{}}}{}", out.before, text.substr(std::min(colon, text.size())), out.after);
    return {};
}

Result<TemplateSegment> parse_segment(std::string_view text, bool last) {
    TemplateSegment out;
    if (text.find_first_of("{}") == std::string_view::npos) {
        out.text = percent_decode(text, false);
        if (text.empty()) return wrong("the path has an empty segment (\"//\"), which servers read in different ways");
        if (out.text == "." || out.text == "..") return wrong("the path has a dot segment, write the path it leads to");
        return out;
    }
    const size_t open = text.find('{');
    const size_t close = close_of(text, open);
    if (close == std::string_view::npos || text.find_first_of("{}", close + 1) != std::string_view::npos ||
        text.substr(0, open).find('}') != std::string_view::npos)
        return wrong(
            fmt::format("{} is no segment, one holds at most one parameter, like \"/orders/{{id}}\" or "
                        "\"/{{kind:order|product}}s\"",
                        quoted(text)));
    out.before = percent_decode(text.substr(0, open), false);
    out.after = percent_decode(text.substr(close + 1), false);
    if (const Result<void> read = parse_parameter(text.substr(open + 1, close - open - 1), last, out); !read)
        return read.fault();
    return out;
}

Result<Fields> parse_query_template(std::string_view text) {
    Fields out;
    while (!text.empty()) {
        const size_t end = text.find('&');
        const std::string_view piece = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        const size_t equals = piece.find('=');
        Field field{percent_decode(piece.substr(0, equals), true), "*"};
        if (field.name.empty()) return wrong("the query has a parameter without a name");
        if (equals != std::string_view::npos) field.value = percent_decode(piece.substr(equals + 1), true);
        out.push_back(std::move(field));
    }
    return out;
}

// "/a[/{b}]/c" to "/a/{b}/c" and "/a/c".
Result<std::vector<std::string>> expand_optional(const std::string& path) {
    constexpr size_t most = 16;
    std::vector<std::string> open{path}, out;
    while (!open.empty()) {
        const std::string one = std::move(open.back());
        open.pop_back();
        const size_t begin = find_outside(one, "[]");
        if (begin == std::string::npos) {
            out.push_back(one);
            continue;
        }
        const size_t end = find_outside(one, "[]", begin + 1);
        if (one[begin] != '[' || end == std::string::npos || one[end] != ']')
            return wrong("an optional part is written like \"/store[/{version}]/checkout\", not inside another");
        if (open.size() + out.size() + 2 > most) return wrong("the path has more than four optional parts");
        open.push_back(one.substr(0, begin) + one.substr(end + 1));
        open.push_back(one.substr(0, begin) + one.substr(begin + 1, end - begin - 1) + one.substr(end + 1));
    }
    for (std::string& one : out)
        if (one.empty()) one = "/";
    return out;
}

}  // namespace

bool TemplateSegment::fits(std::string_view segment, bool fold) const {
    if (segment.size() <= before.size() + after.size()) return false;
    const auto same = [fold](std::string_view a, std::string_view b) { return fold ? equal_nocase(a, b) : a == b; };
    if (!same(segment.substr(0, before.size()), before)) return false;
    if (!same(segment.substr(segment.size() - after.size()), after)) return false;
    return !pattern || pattern->fits(value(segment), fold);
}

Result<std::vector<TemplateSegment>> parse_path_template(std::string_view path) {
    if (path.empty() || path.front() != '/') return wrong("the path must begin with '/', like \"POST /orders/{id}\"");
    for (const char c : path)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
            return wrong("the path has a blank or control byte, spell it with % and two hex digits");
    if (find_outside(path, "#\\") != std::string_view::npos)
        return wrong("the path has '#' or a backslash, spell it with % and two hex digits");
    if (path.size() > max_path) return wrong(fmt::format("the path is longer than {} bytes", max_path));
    path.remove_prefix(1);
    if (!path.empty() && path.back() == '/') path.remove_suffix(1);
    std::vector<TemplateSegment> out;
    while (!path.empty() || !out.empty()) {
        const size_t slash = find_outside(path, "/");
        Result<TemplateSegment> segment = parse_segment(path.substr(0, slash), slash == std::string_view::npos);
        if (!segment) return segment.fault();
        for (const TemplateSegment& before : out)
            if (before.kind != TemplateSegment::Kind::literal &&
                segment.value().kind != TemplateSegment::Kind::literal && before.text == segment.value().text)
                return wrong(
                    fmt::format("the path has two parameters {}, give each its own name", quoted(before.text)));
        out.push_back(std::move(segment).value());
        if (out.size() > max_segments) return wrong(fmt::format("the path has more than {} segments", max_segments));
        if (slash == std::string_view::npos) break;
        path.remove_prefix(slash + 1);
    }
    return out;
}

Result<std::vector<Route>> parse_routes(std::string_view match) {
    match = trim(match);
    const size_t slash = match.find_first_of("/[");
    const size_t blank = match.rfind(' ', slash);
    if (slash == std::string_view::npos || blank == std::string_view::npos || blank > slash)
        return wrong("it must be methods, a blank and a path, like \"POST /orders\" or \"* /orders/{id}\"");
    Route route;
    Result<std::vector<std::string>> methods = parse_methods(match.substr(0, blank));
    if (!methods) return methods.fault();
    route.methods = std::move(methods).value();
    std::string_view path = match.substr(blank + 1);
    const size_t mark = find_outside(path, "?");
    if (mark != std::string_view::npos) {
        Result<Fields> query = parse_query_template(path.substr(mark + 1));
        if (!query) return query.fault();
        route.query = std::move(query).value();
        path = path.substr(0, mark);
    }
    if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    route.path = path;
    const Result<std::vector<std::string>> paths = expand_optional(route.path);
    if (!paths) return paths.fault();
    std::vector<Route> out;
    for (const std::string& one : paths.value()) {
        Result<std::vector<TemplateSegment>> segments = parse_path_template(one);
        if (!segments) return segments.fault();
        route.segments = std::move(segments).value();
        out.push_back(route);
    }
    return out;
}

}  // namespace trot
