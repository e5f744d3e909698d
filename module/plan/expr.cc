#include "plan/expr.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "json/pointer.h"
#include "plan/wrong.h"

namespace trot {
namespace {

struct Prefix {
    std::string_view name;
    Source::Part part;
    bool pointer;  // the key is a JSON pointer, else a name
};

constexpr std::array<Prefix, 11> prefixes{{{"response", Source::Part::response, true},
                                           {"request", Source::Part::request, true},
                                           {"item", Source::Part::item, true},
                                           {"request-item", Source::Part::request_item, true},
                                           {"previous", Source::Part::previous, true},
                                           {"path", Source::Part::path, false},
                                           {"query", Source::Part::query, false},
                                           {"form", Source::Part::form, false},
                                           {"header", Source::Part::header, false},
                                           {"request-header", Source::Part::request_header, false},
                                           {"option", Source::Part::option, false}}};

struct Word {
    std::string_view name;
    Source::Part part;
};

constexpr std::array<Word, 3> words{{{"status", Source::Part::status},
                                     {"response-text", Source::Part::response_text},
                                     {"request-text", Source::Part::request_text}}};

}  // namespace

Result<Source> parse_source(std::string_view text) {
    if (!text.empty() && text.front() == '=') return Source{Source::Part::literal, std::string(text.substr(1)), false};
    for (const Word& word : words)
        if (text == word.name) return Source{word.part, "", false};
    const bool link = text.substr(0, 5) == "link:";
    if (link || text.substr(0, 5) == "text:") {
        Result<Source> there = parse_source(text.substr(5));
        if (there) (link ? there.value().link : there.value().quoted) = true;
        return there;
    }
    const size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    const std::string_view key = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    std::vector<std::string_view> names;
    names.reserve(std::size(words) + std::size(prefixes));
    for (const Word& word : words) names.push_back(word.name);
    for (const Prefix& prefix : prefixes) {
        names.push_back(prefix.name);
        if (name != prefix.name || colon == std::string_view::npos) continue;
        if (!prefix.pointer) {
            if (key.empty())
                return wrong(fmt::format("{} names nothing, write it like \"{}:NAME\"", quoted(text), name));
            if (prefix.part != Source::Part::query || key.front() != '/')
                return Source{prefix.part, std::string(key), false};
        }
        if (const Result<void> pointer = check_pointer(key); !pointer)
            return wrong(fmt::format("{} has a wrong JSON pointer, write it like \"{}:/member/0\": {}", quoted(text),
                                     name, pointer.fault().text));
        return Source{prefix.part, std::string(key), false};
    }
    const std::string_view near = nearest(name, names);
    if (!near.empty() && near != name)
        return wrong(fmt::format("{} is no source, did you mean {}?", quoted(text), quoted(near)));
    return wrong(
        fmt::format("{} is no source, write one like \"response:/id\", \"request:/id\", \"path:id\", \"query:id\", "
                    "\"form:id\", \"header:Location\", \"status\" or \"=text\"",
                    quoted(text)));
}

Result<Sources> parse_sources(std::string_view text) {
    Sources out;
    for (;;) {
        text = trim(text);
        // A literal is the last resort: it may hold a bar of its own.
        const size_t bar = !text.empty() && text.front() == '=' ? std::string_view::npos : text.find(" | ");
        Result<Source> source = parse_source(trim(text.substr(0, bar)));
        if (!source) return source.fault();
        out.push_back(std::move(source).value());
        if (bar == std::string_view::npos) return out;
        text.remove_prefix(bar + 3);
    }
}

std::string spell_source(const Source& source) {
    const std::string link = fmt::format("{}{}", source.quoted ? "text:" : "", source.link ? "link:" : "");
    for (const Prefix& prefix : prefixes)
        if (prefix.part == source.part) return fmt::format("{}{}:{}", link, prefix.name, source.key);
    for (const Word& word : words)
        if (word.part == source.part) return fmt::format("{}{}", link, word.name);
    return source.part == Source::Part::literal ? "=" + source.key : "none";
}

std::string spell_sources(const Sources& sources) {
    std::string out;
    for (const Source& source : sources) out += (out.empty() ? "" : " | ") + spell_source(source);
    return out;
}

Result<Wording> parse_wording(std::string_view text) {
    Wording out;
    out.spelling = text;
    if (text.find_first_of("{}") == std::string_view::npos) return out;
    while (!text.empty()) {
        const size_t open = text.find_first_of("{}");
        if (open != 0) out.pieces.push_back({std::string(text.substr(0, open)), {}});
        if (open == std::string_view::npos) break;
        const size_t close = text.find('}', open);
        if (text[open] == '}' || close == std::string_view::npos)
            return wrong(fmt::format("{} has a brace without its partner", quoted(out.spelling)));
        Result<Sources> any = parse_sources(text.substr(open + 1, close - open - 1));
        if (!any) return any.fault();
        for (const Source& source : any.value())
            if (source.part == Source::Part::literal && !part_is_right(source.key))
                return wrong(fmt::format("{} cannot be a part of a topic, use letters, digits, '_' and '-'",
                                         quoted(source.key)));
        out.pieces.push_back({{}, std::move(any).value()});
        text.remove_prefix(close + 1);
    }
    return out;
}

namespace {

bool whole_number(std::string_view text, int& out) {
    const char* const end = text.data() + text.size();
    const auto [stop, fault] = std::from_chars(text.data(), end, out);
    return !text.empty() && fault == std::errc() && stop == end;
}

std::optional<StatusRange> parse_status(std::string_view text) {
    StatusRange range;
    if (text.size() == 3 && text[0] >= '1' && text[0] <= '5' && text.substr(1) == "xx") {
        range.low = (text[0] - '0') * 100;
        range.high = range.low + 99;
        return range;
    }
    const size_t dash = text.find('-');
    if (!whole_number(text.substr(0, dash), range.low)) return std::nullopt;
    range.high = range.low;
    if (dash != std::string_view::npos && !whole_number(text.substr(dash + 1), range.high)) return std::nullopt;
    if (range.low < 100 || range.high > 599 || range.low > range.high) return std::nullopt;
    return range;
}

}  // namespace

void read_status(const RawValue& value, Report& report, std::vector<StatusRange>& out) {
    if (value.kind == RawValue::Kind::list) {
        if (value.list.empty()) report.mistake(value.at, "'status' is an empty list, write \"2xx\" or leave it out");
        for (const RawValue& one : value.list) {
            if (one.kind == RawValue::Kind::list)
                wrong_type(one, "status", "a status like \"2xx\" or 201", report);
            else
                read_status(one, report, out);
        }
        return;
    }
    std::optional<StatusRange> range;
    if (value.kind == RawValue::Kind::text || value.kind == RawValue::Kind::integer) range = parse_status(value.text);
    if (range)
        out.push_back(*range);
    else
        report.mistake(value.at,
                       fmt::format("'status' is {}, it must be like \"2xx\", \"201\", \"200-204\" or a list of these",
                                   value.text.empty() ? kind_name(value.kind) : quoted(value.text)));
}

bool part_is_right(std::string_view part) {
    return part.size() <= 64 && part.find('.') == std::string_view::npos && topic_is_right(part);
}

bool topic_is_right(std::string_view topic) {
    if (topic.empty() || topic.size() > 128 || topic.front() == '.' || topic.back() == '.') return false;
    for (size_t i = 0; i < topic.size(); ++i) {
        const char c = topic[i];
        if (c == '.' && topic[i - 1] == '.') return false;
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '.' && c != '_' && c != '-') return false;
    }
    return true;
}

bool pattern_is_right(std::string_view pattern) {
    if (pattern == "*") return true;
    if (pattern.size() > 2 && pattern.substr(pattern.size() - 2) == ".*") pattern.remove_suffix(2);
    return topic_is_right(pattern);
}

}  // namespace trot
