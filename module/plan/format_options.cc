#include "plan/format_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "plan/section.h"

namespace trot {
namespace {

// "one of: 1, 2, 3"
std::string wanted(const OptionRule& rule) {
    if (rule.kind == OptionRule::Kind::flag) return "true or false";
    if (rule.kind == OptionRule::Kind::choice) return fmt::format("one of: {}", fmt::join(rule.choices, ", "));
    return std::string(rule.right.empty() ? "a string" : rule.right);
}

bool fits(const OptionRule& rule, const RawValue& value) {
    if (value.kind != RawValue::Kind::text || value.text.size() > rule.most) return false;
    if (value.text.find('\0') != std::string::npos) return false;
    return rule.fits == nullptr || rule.fits(value.text);
}

// A version or a number of a choice is an integer where it looks like one, and a string is fine as well.
bool chosen(const OptionRule& rule, const RawValue& value) {
    if (value.kind != RawValue::Kind::text && value.kind != RawValue::Kind::integer) return false;
    return std::find(rule.choices.begin(), rule.choices.end(), value.text) != rule.choices.end();
}

bool read_one(const OptionRule& rule, const RawValue& value, std::vector<std::string>& out) {
    switch (rule.kind) {
        case OptionRule::Kind::flag:
            out = {value.boolean ? "true" : "false"};
            return value.kind == RawValue::Kind::boolean;
        case OptionRule::Kind::choice:
            out = {value.text};
            return chosen(rule, value);
        case OptionRule::Kind::text:
            out = {value.text};
            return fits(rule, value);
        case OptionRule::Kind::texts:
            if (value.kind != RawValue::Kind::list || value.list.size() > rule.most) return false;
            for (const RawValue& one : value.list) out.push_back(one.text);
            return std::all_of(value.list.begin(), value.list.end(),
                               [&rule](const RawValue& one) { return fits(rule, one); });
    }
    return false;
}

}  // namespace

FormatOptions read_format_options(const RawValue& table, const std::string& format, const std::vector<OptionRule>& all,
                                  OptionRule::Writer writer, Report& report) {
    FormatOptions out;
    std::vector<OptionRule> rules;
    std::copy_if(all.begin(), all.end(), std::back_inserter(rules),
                 [writer](const OptionRule& rule) { return rule.writer <= writer; });
    if (table.kind != RawValue::Kind::table) {
        wrong_type(table, "options", "a table like { version = 3 }", report);
        return out;
    }
    if (rules.empty() && !table.members.empty()) {
        report.mistake(table.at, fmt::format("format \"{}\" has no options, remove them", format));
        return out;
    }
    const std::string_view of = writer == OptionRule::Writer::apis ? "api" : "subscription";
    const std::string where = fmt::format("{}[].options] of format [{}", of, format);
    KeyList keys{where, {}};
    for (const OptionRule& rule : rules) keys.keys.push_back(rule.name);
    refuse_unknown(table, keys, report);
    for (const OptionRule& rule : rules) {
        const RawMember* member = table.find(rule.name);
        if (member == nullptr) continue;
        FormatOption option{std::string(rule.name), {}};
        if (read_one(rule, member->value, option.values))
            out.push_back(std::move(option));
        else
            report.mistake(member->value.at,
                           fmt::format("option '{}' of format \"{}\" must be {}", rule.name, format, wanted(rule)));
    }
    return out;
}

}  // namespace trot
