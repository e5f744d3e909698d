#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include "plan/raw.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

namespace trot {
namespace {

Mark mark_of(const toml::source_region& region, uint32_t file) {
    return {file, region.begin.line, region.begin.column};
}

template <class T>
std::string printed(const T& value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

RawValue copy(const toml::node& node, uint32_t file) {
    RawValue out;
    out.at = mark_of(node.source(), file);
    switch (node.type()) {
        case toml::node_type::string:
            out.kind = RawValue::Kind::text;
            out.text = **node.as_string();
            break;
        case toml::node_type::integer:
            out.kind = RawValue::Kind::integer;
            out.integer = **node.as_integer();
            out.text = std::to_string(out.integer);
            break;
        case toml::node_type::floating_point:
            out.kind = RawValue::Kind::real;
            out.text = fmt::format("{}", **node.as_floating_point());
            break;
        case toml::node_type::boolean:
            out.kind = RawValue::Kind::boolean;
            out.boolean = **node.as_boolean();
            out.text = out.boolean ? "true" : "false";
            break;
        case toml::node_type::date:
            out.kind = RawValue::Kind::date;
            out.text = printed(**node.as_date());
            break;
        case toml::node_type::time:
            out.kind = RawValue::Kind::date;
            out.text = printed(**node.as_time());
            break;
        case toml::node_type::date_time:
            out.kind = RawValue::Kind::date;
            out.text = printed(**node.as_date_time());
            break;
        case toml::node_type::array:
            out.kind = RawValue::Kind::list;
            for (const toml::node& element : *node.as_array()) out.list.push_back(copy(element, file));
            break;
        default:
            out.kind = RawValue::Kind::table;
            for (const auto& [key, value] : *node.as_table())
                out.members.push_back({std::string(key.str()), mark_of(key.source(), file), copy(value, file)});
            // toml++ sorts by name; conditions and headers keep the order in which they were written.
            std::stable_sort(out.members.begin(), out.members.end(), [](const RawMember& a, const RawMember& b) {
                return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
            });
    }
    return out;
}

}  // namespace

const RawMember* RawValue::find(std::string_view name) const {
    for (const RawMember& member : members)
        if (member.name == name) return &member;
    return nullptr;
}

std::string_view kind_name(RawValue::Kind kind) {
    switch (kind) {
        case RawValue::Kind::text:
            return "a string";
        case RawValue::Kind::integer:
            return "an integer";
        case RawValue::Kind::real:
            return "a fraction";
        case RawValue::Kind::boolean:
            return "a boolean";
        case RawValue::Kind::date:
            return "a date";
        case RawValue::Kind::list:
            return "a list";
        case RawValue::Kind::table:
            return "a table";
    }
    return "a value";
}

bool parse_raw(std::string_view text, uint32_t file, Report& report, RawValue& out) {
    const toml::parse_result result = toml::parse(text);
    if (!result) {
        report.mistake(mark_of(result.error().source(), file),
                       fmt::format("not valid TOML: {}", result.error().description()));
        return false;
    }
    out = copy(result.table(), file);
    return true;
}

}  // namespace trot
