#include "capture/condition.h"

#include <algorithm>

#include "capture/redact.h"

namespace trot {
namespace {

constexpr size_t max_shown = 80;

bool regex_holds(const Condition& condition, const std::string& text) {
    if (!condition.regex || text.size() > max_regex_value) return false;
    try {
        return std::regex_search(text, *condition.regex);
    } catch (const std::regex_error&) {
        return false;  // too complex for this value: it does not hold, as for a value that is too long
    }
}

std::string shown(const Value& value, const Source& source, const std::vector<std::string>& redact) {
    if (!value.there()) return "is missing";
    if (is_redacted_source(source, redact)) return "is another (its value is redacted)";
    std::string text = value.json ? std::string(value.json->raw) : json_quote(value.text);
    if (text.size() > max_shown) text = text.substr(0, max_shown) + "…";
    return "is " + text;
}

std::string wanted(const Condition& condition) {
    std::string list;
    for (const std::string& value : condition.values) list += (list.empty() ? "" : ", ") + json_quote(value);
    const bool several = condition.values.size() > 1;
    switch (condition.test) {
        case Condition::Test::equals:
            return (several ? "wants one of " : "wants ") + list;
        case Condition::Test::differs:
            return (several ? "wants none of " : "wants anything but ") + list;
        case Condition::Test::regex:
            return "wants " + (condition.spelling.empty() ? "a match" : condition.spelling);
        case Condition::Test::present:
            return "wants it present";
        case Condition::Test::absent:
            return "wants it absent";
    }
    return {};
}

}  // namespace

Finding check(const Condition& condition, Facts& facts, bool want_why) {
    Finding finding;
    const Value value = facts.find(condition.source);
    if (value.state == Value::State::unreadable) {
        finding.unproven = true;
        if (want_why) {
            const bool answer = condition.source.part == Source::Part::response;
            finding.why =
                spell(condition.source) + " cannot be told: " + (answer ? facts.response() : facts.request()).why;
        }
        return finding;
    }
    const auto listed = [&] {
        const std::string text = value.as_text();
        return std::find(condition.values.begin(), condition.values.end(), text) != condition.values.end();
    };
    // An object, an array or null has no text: it equals nothing and differs from everything.
    const bool comparable =
        value.there() && (!value.json || (value.json->kind != JsonKind::null && value.json->kind != JsonKind::array &&
                                          value.json->kind != JsonKind::object));
    switch (condition.test) {
        case Condition::Test::equals:
            finding.holds = comparable && listed();
            break;
        case Condition::Test::differs:
            finding.holds = !comparable || !listed();
            break;
        case Condition::Test::regex:
            finding.holds = comparable && regex_holds(condition, value.as_text());
            break;
        case Condition::Test::present:
            finding.holds = value.there();
            break;
        case Condition::Test::absent:
            finding.holds = !value.there();
            break;
    }
    if (!finding.holds && want_why)
        finding.why = spell(condition.source) + " " +
                      shown(value, condition.source, facts.exchange().plan->capture.redact) + ", " + wanted(condition);
    return finding;
}

}  // namespace trot
