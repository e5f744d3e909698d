#include <fmt/format.h>

#include <array>

#include "plan/expr.h"
#include "plan/regex.h"

namespace trot {
namespace {

constexpr size_t most_pattern = 1024;
constexpr std::array<std::string_view, 6> json_kinds{"object", "array", "string", "number", "boolean", "null"};

const KeyList& test_keys() {
    static const KeyList keys{"hook[].when", {"regex", "present", "not", "contains", "lacks", "same", "other", "type"}};
    return keys;
}

bool scalar(const RawValue& value) {
    return value.kind == RawValue::Kind::text || value.kind == RawValue::Kind::integer ||
           value.kind == RawValue::Kind::real || value.kind == RawValue::Kind::boolean;
}

// A value or a list of them as texts.
bool read_values(const RawValue& value, std::string_view what, Report& report, std::vector<std::string>& out) {
    if (value.kind == RawValue::Kind::list && !value.list.empty()) {
        for (const RawValue& one : value.list) {
            if (!scalar(one)) {
                wrong_type(one, what, "a list of strings, numbers or booleans", report);
                return false;
            }
            out.push_back(one.text);
        }
        return true;
    }
    if (!scalar(value)) {
        wrong_type(value, what, "a value, a list of values, { regex = \"…\" }, { present = true } or { not = … }",
                   report);
        return false;
    }
    out.push_back(value.text);
    return true;
}

std::string spell_values(const std::vector<std::string>& values) {
    std::vector<std::string> spelled;
    spelled.reserve(values.size());
    for (const std::string& value : values) spelled.push_back(quoted(value));
    return values.size() == 1 ? spelled.front() : fmt::format("one of {}", fmt::join(spelled, ", "));
}

bool read_regex(const RawValue& value, Report& report, Condition& out) {
    if (value.kind != RawValue::Kind::text) {
        wrong_type(value, "regex", "a string", report);
        return false;
    }
    if (value.text.size() > most_pattern) {
        report.mistake(value.at,
                       fmt::format("the regex is longer than {} bytes, split it into several hooks", most_pattern));
        return false;
    }
    try {
        // __polynomial: libstdc++'s automaton without backtracking. The default one takes exponential time and a stack
        // frame a byte on values that a client chooses; the price is that back references are refused.
        out.regex = std::make_shared<const Regex>(
            value.text, std::regex::ECMAScript | std::regex::nosubs | std::regex_constants::__polynomial);
    } catch (const std::regex_error& error) {
        report.mistake(value.at, fmt::format("regex {} is wrong ({}), it must be ECMAScript without back references",
                                             quoted(value.text), error.what()));
        return false;
    }
    out.test = Condition::Test::regex;
    out.spelling += fmt::format(" matches {}", quoted(value.text));
    return true;
}

// Another source, to be compared with.
bool read_twin(const RawMember& test, Report& report, Condition& out) {
    if (test.value.kind != RawValue::Kind::text) {
        wrong_type(test.value, test.name, "a source like \"request:/id\"", report);
        return false;
    }
    Result<Sources> twin = parse_sources(test.value.text);
    if (!twin) {
        report.mistake(test.value.at, twin.fault().text);
        return false;
    }
    out.test = test.name == "same" ? Condition::Test::same : Condition::Test::other;
    out.twin = std::move(twin).value();
    out.spelling += fmt::format(" is {}as {}", test.name == "same" ? "the same " : "not the same ", test.value.text);
    return true;
}

bool read_type(const RawValue& value, Report& report, Condition& out) {
    out.test = Condition::Test::type;
    if (!read_values(value, "type", report, out.values)) return false;
    for (const std::string& kind : out.values)
        if (std::find(json_kinds.begin(), json_kinds.end(), kind) == json_kinds.end()) {
            report.mistake(value.at,
                           fmt::format("{} is no type, there are: {}", quoted(kind), fmt::join(json_kinds, ", ")));
            return false;
        }
    out.spelling += fmt::format(" is of type {}", spell_values(out.values));
    return true;
}

bool read_test(const RawMember& test, Report& report, Condition& out) {
    if (test.name == "regex") return read_regex(test.value, report, out);
    if (test.name == "not") {
        out.test = Condition::Test::differs;
        if (!read_values(test.value, "not", report, out.values)) return false;
        out.spelling += fmt::format(" is not {}", spell_values(out.values));
        return true;
    }
    if (test.name == "contains" || test.name == "lacks") {
        if (test.value.kind != RawValue::Kind::text || test.value.text.empty()) {
            wrong_type(test.value, test.name, "a text to look for", report);
            return false;
        }
        out.test = test.name == "lacks" ? Condition::Test::lacks : Condition::Test::contains;
        out.values.push_back(test.value.text);
        out.spelling += fmt::format(" {} {}", test.name, quoted(test.value.text));
        return true;
    }
    if (test.name == "type") return read_type(test.value, report, out);
    if (test.name == "same" || test.name == "other") return read_twin(test, report, out);
    if (test.value.kind != RawValue::Kind::boolean) {
        wrong_type(test.value, "present", "true or false", report);
        return false;
    }
    out.test = test.value.boolean ? Condition::Test::present : Condition::Test::absent;
    out.spelling += test.value.boolean ? " is present" : " is absent";
    return true;
}

}  // namespace

void read_conditions(const RawMember& line, Report& report, std::vector<Condition>& out) {
    Condition base;
    const Result<Sources> sources = parse_sources(line.name);
    if (!sources)
        report.mistake(line.at, sources.fault().text);
    else
        base.sources = sources.value();
    base.spelling = line.name;
    if (line.value.kind != RawValue::Kind::table) {
        Condition condition = base;
        if (!read_values(line.value, line.name, report, condition.values)) return;
        condition.spelling += fmt::format(" is {}", spell_values(condition.values));
        out.push_back(std::move(condition));
        return;
    }
    refuse_unknown(line.value, test_keys(), report);
    if (line.value.members.empty())
        report.mistake(line.value.at,
                       fmt::format("the test of {} is empty, write {{ regex = \"…\" }}, {{ present = true }} or "
                                   "{{ not = … }}",
                                   quoted(line.name)));
    for (const RawMember& test : line.value.members) {
        Condition condition = base;
        const auto& known = test_keys().keys;
        if (std::find(known.begin(), known.end(), test.name) == known.end()) continue;
        if (read_test(test, report, condition)) out.push_back(std::move(condition));
    }
}

}  // namespace trot
