#include "plan/dialect_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace trot {

const KeyList& option_keys() {
    static const KeyList keys{"option", {"values", "default", "help"}};
    return keys;
}

namespace {

// "true", "false" or the text; empty for another kind.
std::string spelled(const RawValue& value) {
    if (value.kind == RawValue::Kind::boolean) return value.boolean ? "true" : "false";
    return value.kind == RawValue::Kind::text ? value.text : std::string();
}

std::string names_of(const DialectOptions& options) {
    std::vector<std::string_view> names;
    for (const DialectOption& option : options) names.push_back(option.name);
    return options.empty() ? "it has none" : fmt::format("it has: {}", fmt::join(names, ", "));
}

// The option called `member`, or a mistake.
const DialectOption* known(const RawMember& member, const DialectOptions& options, Report& report) {
    if (const DialectOption* found = find_option(options, member.name)) return found;
    std::vector<std::string_view> names;
    for (const DialectOption& option : options) names.push_back(option.name);
    const std::string_view near = nearest(member.name, names);
    report.mistake(member.at, fmt::format("the dialect has no option {}, {}", quoted(member.name),
                                          near.empty() ? names_of(options) : fmt::format("did you mean '{}'?", near)));
    return nullptr;
}

constexpr size_t most_text = 200;

bool is_plain(std::string_view text) {
    return !text.empty() && text.size() <= most_text && std::none_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

bool check_value(const RawValue& value, const DialectOption& option, Report& report) {
    if (option.free) {
        if (value.kind == RawValue::Kind::text && is_plain(value.text)) return true;
        report.mistake(value.at, fmt::format("'{}' must be a text of 1 to {} bytes without control bytes", option.name,
                                             most_text));
        return false;
    }
    const bool kind = value.kind == (option.boolean ? RawValue::Kind::boolean : RawValue::Kind::text);
    if (kind && std::find(option.values.begin(), option.values.end(), spelled(value)) != option.values.end())
        return true;
    report.mistake(value.at, fmt::format("'{}' is {}, it must be {}", option.name,
                                         value.text.empty() ? kind_name(value.kind) : quoted(value.text),
                                         option.boolean ? "true or false"
                                                        : fmt::format("one of: {}", fmt::join(option.values, ", "))));
    return false;
}

DialectOption read_option(const RawMember& member, Report& report) {
    DialectOption out;
    out.name = member.name;
    Section section(member.value, option_keys(), report, nullptr);
    std::string help;
    if (!section.text("help", help))
        report.mistake(member.at, fmt::format("option '{}' has no 'help', say what it decides", out.name));
    section.texts("values", out.values);
    const RawValue* chosen = section.find("default");
    out.boolean = !section.find("values") && chosen && chosen->kind == RawValue::Kind::boolean;
    out.free = !section.find("values") && chosen && chosen->kind == RawValue::Kind::text;
    if (out.boolean) out.values = {"true", "false"};
    if (!chosen || (out.values.empty() && !out.free)) {
        report.mistake(member.at,
                       fmt::format("option '{}' needs values and a default, like values = [\"emit\", \"native\"], "
                                   "default = \"emit\", or default = true or a text alone",
                                   out.name));
        return out;
    }
    if (check_value(*chosen, out, report)) out.value = spelled(*chosen);
    return out;
}

}  // namespace

const DialectOption* find_option(const DialectOptions& options, std::string_view name) {
    const auto at = std::find_if(options.begin(), options.end(),
                                 [name](const DialectOption& option) { return option.name == name; });
    return at == options.end() ? nullptr : &*at;
}

DialectOptions read_options(const RawValue& table, Report& report) {
    DialectOptions out;
    if (table.kind != RawValue::Kind::table) {
        wrong_type(table, "option", "a table for each option, like [option.on_delete]", report);
        return out;
    }
    for (const RawMember& member : table.members) {
        if (member.value.kind == RawValue::Kind::table)
            out.push_back(read_option(member, report));
        else
            wrong_type(member.value, member.name, "a table like [option.on_delete]", report);
    }
    return out;
}

void set_options(const RawValue& table, std::string_view dialect, DialectOptions& options, Report& report) {
    if (table.kind != RawValue::Kind::table)
        return wrong_type(table, dialect, fmt::format("a table like [dialect.{}]", dialect), report);
    for (const RawMember& member : table.members) {
        const DialectOption* option = known(member, options, report);
        if (option && check_value(member.value, *option, report))
            options[static_cast<size_t>(option - options.data())].value = spelled(member.value);
    }
}

bool wanted(const RawValue& only, const DialectOptions& options, Report& report) {
    if (only.kind != RawValue::Kind::table) {
        wrong_type(only, "only", "a table like { on_delete = \"emit\" }", report);
        return true;
    }
    bool out = true;
    for (const RawMember& member : only.members) {
        const DialectOption* option = known(member, options, report);
        if (!option) continue;
        bool any = false;
        const bool list = member.value.kind == RawValue::Kind::list;
        for (const RawValue& one : list ? member.value.list : std::vector<RawValue>{member.value})
            any = (check_value(one, *option, report) && spelled(one) == option->value) || any;
        out = out && any;
    }
    return out;
}

}  // namespace trot
