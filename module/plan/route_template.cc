#include "plan/route_template.h"

#include <fmt/format.h>

#include "plan/section.h"
#include "url/target.h"

namespace trot {
namespace {

Fault wrong(std::string text) { return {Code::config, std::move(text)}; }

bool name_is_right(std::string_view name) {
    if (name.empty() || name.size() > 64) return false;
    for (const char c : name)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') return false;
    return true;
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

Result<TemplateSegment> parse_segment(std::string_view text, bool last) {
    TemplateSegment out;
    if (text.find_first_of("{}") == std::string_view::npos) {
        out.text = percent_decode(text, false);
        if (text.empty()) return wrong("the path has an empty segment (\"//\"), which servers read in different ways");
        if (out.text == "." || out.text == "..") return wrong("the path has a dot segment, write the path it leads to");
        return out;
    }
    if (text.front() != '{' || text.back() != '}')
        return wrong(fmt::format(
            "{} mixes text and parameter, a parameter takes a whole segment like \"/orders/{{id}}\"", quoted(text)));
    text = text.substr(1, text.size() - 2);
    out.kind = TemplateSegment::Kind::parameter;
    if (!text.empty() && text.back() == '*') {
        text.remove_suffix(1);
        out.kind = TemplateSegment::Kind::rest;
        if (!last)
            return wrong(fmt::format("\"{{{}*}}\" takes all that follows, so it must be the last segment", text));
    }
    if (!name_is_right(text))
        return wrong(fmt::format("{} is no parameter name, use letters, digits, '_' and '-'", quoted(text)));
    out.text = text;
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

}  // namespace

Result<std::vector<TemplateSegment>> parse_path_template(std::string_view path) {
    if (path.empty() || path.front() != '/') return wrong("the path must begin with '/', like \"POST /orders/{id}\"");
    for (const char c : path)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '#' || c == '\\')
            return wrong("the path has a blank, '#', backslash or control byte, spell it with % and two hex digits");
    if (path.size() > max_path) return wrong(fmt::format("the path is longer than {} bytes", max_path));
    path.remove_prefix(1);
    if (!path.empty() && path.back() == '/') path.remove_suffix(1);
    std::vector<TemplateSegment> out;
    while (!path.empty() || !out.empty()) {
        const size_t slash = path.find('/');
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

Result<RouteTemplate> parse_route(std::string_view match) {
    match = trim(match);
    const size_t slash = match.find('/');
    const size_t blank = match.rfind(' ', slash);
    if (slash == std::string_view::npos || blank == std::string_view::npos || blank > slash)
        return wrong("it must be methods, a blank and a path, like \"POST /orders\" or \"* /orders/{id}\"");
    RouteTemplate out;
    Result<std::vector<std::string>> methods = parse_methods(match.substr(0, blank));
    if (!methods) return methods.fault();
    out.methods = std::move(methods).value();
    std::string_view path = match.substr(blank + 1);
    const size_t mark = path.find('?');
    if (mark != std::string_view::npos) {
        Result<Fields> query = parse_query_template(path.substr(mark + 1));
        if (!query) return query.fault();
        out.query = std::move(query).value();
        path = path.substr(0, mark);
    }
    Result<std::vector<TemplateSegment>> segments = parse_path_template(path);
    if (!segments) return segments.fault();
    out.segments = std::move(segments).value();
    if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    out.path = path;
    return out;
}

}  // namespace trot
