#include "plan/filter_term.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "json/pointer.h"

namespace trot {
namespace {

using Test = FilterTerm::Test;

constexpr size_t most_terms = 50;
constexpr size_t most_pattern = 1024;
constexpr std::array<std::pair<std::string_view, Test>, 9> tests{{{"equals", Test::equals},
                                                                  {"not", Test::differs},
                                                                  {"regex", Test::regex},
                                                                  {"present", Test::present},
                                                                  {"absent", Test::absent},
                                                                  {"above", Test::above},
                                                                  {"below", Test::below},
                                                                  {"at_least", Test::at_least},
                                                                  {"at_most", Test::at_most}}};

const KeyList& test_keys() {
    static const KeyList keys{"subscription[].when",
                              {"regex", "present", "not", "above", "below", "at_least", "at_most"}};
    return keys;
}

bool scalar(const RawValue& value) {
    return value.kind == RawValue::Kind::text || value.kind == RawValue::Kind::integer ||
           value.kind == RawValue::Kind::real || value.kind == RawValue::Kind::boolean;
}

bool begins(std::string_view text, std::string_view front) { return text.substr(0, front.size()) == front; }

// What is asked, checked; the fault says what would be right.
Result<void> check_what(std::string_view what) {
    constexpr std::array<std::string_view, 4> plain{"topic", "resource", "resource_id", "action"};
    if (std::find(plain.begin(), plain.end(), what) != plain.end()) return {};
    if (begins(what, "context:") && what.size() > 8) return {};
    for (const std::string_view front : {std::string_view("previous:"), std::string_view("changed:")})
        if (begins(what, front)) what.remove_prefix(front.size());
    if (begins(what, "/")) return check_pointer(what);
    return Fault{Code::usage,
                 "write \"/POINTER\" for what is in the payload, \"previous:/POINTER\", \"changed:/POINTER\", "
                 "\"context:NAME\", \"topic\", \"resource\", \"resource_id\" or \"action\""};
}

class Reader {
  public:
    Reader(const RawMember& line, Report& report, std::vector<FilterTerm>& out)
        : line_(line), report_(report), out_(out) {}

    void read() {
        if (const Result<void> right = check_what(line_.name); !right)
            report_.mistake(line_.at,
                            fmt::format("{} is nothing that an event has: {}", quoted(line_.name), right.fault().text));
        if (line_.value.kind != RawValue::Kind::table) return test("equals", line_.value);
        refuse_unknown(line_.value, test_keys(), report_);
        if (line_.value.members.empty())
            report_.mistake(line_.value.at, fmt::format("the test of {} is empty, write a value, {{ not = … }}, "
                                                        "{{ regex = \"…\" }}, {{ present = true }} or {{ above = 1 }}",
                                                        quoted(line_.name)));
        for (const RawMember& one : line_.value.members) test(one.name, one.value);
    }

  private:
    void test(std::string_view name, const RawValue& value) {
        const auto& known = test_keys().keys;
        if (name != "equals" && std::find(known.begin(), known.end(), name) == known.end()) return;
        FilterTerm term;
        term.what = line_.name;
        if (name == "present") {
            if (value.kind != RawValue::Kind::boolean) return wrong_type(value, name, "true or false", report_);
            set_test(term, value.boolean ? "present" : "absent");
            out_.push_back(std::move(term));
            return;
        }
        if (!values(name, value, term)) return;
        if (begins(line_.name, "changed:") && !truth(term))
            return report_.mistake(value.at, fmt::format("{} is true or false", quoted(line_.name)));
        if (!set_test(term, name))
            return report_.mistake(value.at, name == "regex"
                                                 ? fmt::format("regex {} is wrong, it must be ECMAScript without back "
                                                               "references, at most {} bytes",
                                                               quoted(term.values.front()), most_pattern)
                                                 : fmt::format("'{}' compares with a number, not with {}", name,
                                                               quoted(term.values.front())));
        out_.push_back(std::move(term));
    }

    static bool truth(const FilterTerm& term) {
        return std::all_of(term.values.begin(), term.values.end(),
                           [](const std::string& value) { return value == "true" || value == "false"; });
    }

    bool values(std::string_view name, const RawValue& value, FilterTerm& term) {
        const bool several = name == "equals" || name == "not";
        if (several && value.kind == RawValue::Kind::list && !value.list.empty()) {
            for (const RawValue& one : value.list) {
                if (!scalar(one)) {
                    wrong_type(one, line_.name, "a list of strings, numbers or booleans", report_);
                    return false;
                }
                term.values.push_back(one.text);
            }
            return true;
        }
        if (!scalar(value)) {
            wrong_type(value, several ? std::string_view(line_.name) : name,
                       several ? "a value, a list of values or a test like { not = … }" : "a value", report_);
            return false;
        }
        term.values.push_back(value.text);
        return true;
    }

    const RawMember& line_;
    Report& report_;
    std::vector<FilterTerm>& out_;
};

}  // namespace

bool read_decimal(std::string_view text, double& out) {
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return fault == std::errc() && stop == text.data() + text.size() && !text.empty() && std::isfinite(out);
}

std::string_view name_of(FilterTerm::Test test) { return tests[static_cast<size_t>(test)].first; }

bool set_test(FilterTerm& term, std::string_view test) {
    const auto found = std::find_if(tests.begin(), tests.end(), [test](const auto& one) { return one.first == test; });
    if (found == tests.end()) return false;
    term.test = found->second;
    if (term.test == Test::regex) {
        if (term.values.size() != 1 || term.values.front().size() > most_pattern) return false;
        try {
            // As in a hook's condition (condition.cc): an automaton without backtracking.
            term.regex = std::make_shared<const std::regex>(
                term.values.front(), std::regex::ECMAScript | std::regex::nosubs | std::regex_constants::__polynomial);
        } catch (const std::regex_error&) {
            return false;
        }
    }
    if (term.test >= Test::above) return term.values.size() == 1 && read_decimal(term.values.front(), term.number);
    return true;
}

void read_when(const RawValue& when, Report& report, std::vector<FilterTerm>& out) {
    if (when.kind != RawValue::Kind::table)
        return wrong_type(when, "when", "a table like { \"/status\" = \"paid\" }", report);
    if (when.members.size() > most_terms)
        report.mistake(when.at,
                       fmt::format("'when' has {} lines, it must have at most {}", when.members.size(), most_terms));
    for (const RawMember& line : when.members) Reader(line, report, out).read();
}

}  // namespace trot
