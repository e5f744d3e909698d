#include "plan/hydrate_get.h"

#include <fmt/format.h>

#include "json/pointer.h"
#include "plan/expr.h"
#include "plan/section.h"
#include "plan/wrong.h"
#include "url/percent.h"

namespace trot {
namespace {

constexpr size_t most_target = 2048;

// "." and "..", escaped or not.
bool is_dots(std::string_view segment) {
    size_t dots = 0;
    while (!segment.empty()) {
        if (take_decoded(segment, false) != '.') return false;
        ++dots;
    }
    return dots == 1 || dots == 2;
}

}  // namespace

Result<void> check_origin_form(std::string_view text) {
    if (text.empty() || text.front() != '/')
        return wrong("it must begin with \"/\": the host is always the one of [hydrate] upstream");
    if (text.substr(0, 2) == "//") return wrong("it begins with \"//\", one slash is right");
    if (text.size() > most_target) return wrong("it is longer than 2,048 bytes");
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c <= 0x20 || c >= 0x7f || std::string_view("\"#<>\\^`{|}").find(c) != std::string_view::npos)
            return wrong("it holds a blank, a control byte or one of \" # < > \\ ^ ` |, which no request target may");
        if (c == '%' && escaped_byte(text, i) < 0) return wrong("'%' must be followed by two hexadecimal digits");
    }
    std::string_view path = text.substr(0, text.find('?'));
    while (!path.empty()) {
        path.remove_prefix(1);
        const size_t end = std::min(path.size(), path.find('/'));
        if (is_dots(path.substr(0, end))) return wrong("it has a segment \".\" or \"..\", write the path without");
        path.remove_prefix(end);
    }
    return {};
}

void read_hydrate_get(const RawValue& value, Wording& out, Report& report) {
    if (value.kind != RawValue::Kind::text) {
        wrong_type(value, "hydrate", "a path like \"/orders/{path:id}\", or { get = \"…\", payload = \"/data\" }",
                   report);
        return;
    }
    Result<Wording> wording = parse_wording(value.text);
    if (!wording) {
        report.mistake(value.at, fmt::format("'hydrate': {}", wording.fault().text));
        return;
    }
    std::string sample = wording.value().pieces.empty() ? value.text : "";
    for (const Wording::Piece& piece : wording.value().pieces) sample += piece.any.empty() ? piece.text : "x";
    const Result<void> right = check_origin_form(sample);
    if (right)
        out = std::move(wording).value();
    else
        report.mistake(value.at, fmt::format("'hydrate' is {}: {}", quoted(value.text), right.fault().text));
}

void read_hydrate_pointer(const RawValue& value, std::string& out, Report& report) {
    if (value.kind != RawValue::Kind::text)
        wrong_type(value, "payload", "a JSON pointer into the answer, like \"/data\"", report);
    else if (const Result<void> pointer = check_pointer(value.text); !pointer)
        report.mistake(value.at, fmt::format("'payload' is {}, a JSON pointer is like \"/data\": {}",
                                             quoted(value.text), pointer.fault().text));
    else
        out = value.text;
}

}  // namespace trot
