#include "capture/condition.h"

#include <algorithm>

#include "capture/redact.h"
#include "plan/expr.h"
#include "plan/regex.h"

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

std::string shown(const Value& value, const Sources& sources, const std::vector<std::string>& redact) {
    if (!value.there()) return "is missing";
    if (std::any_of(sources.begin(), sources.end(), [&](const Source& one) { return is_redacted_source(one, redact); }))
        return "is another (its value is redacted)";
    if (is_redacted_text(value.as_text(), redact)) return "is another (its value is redacted)";
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
        case Condition::Test::contains:
            return "wants " + list + " in it";
        case Condition::Test::lacks:
            return "wants it without " + list;
        case Condition::Test::same:
            return "wants the same as " + spell_sources(condition.twin);
        case Condition::Test::other:
            return "wants another than " + spell_sources(condition.twin);
        case Condition::Test::type:
            return "wants the type " + list;
        case Condition::Test::present:
            return "wants it present";
        case Condition::Test::absent:
            return "wants it absent";
    }
    return {};
}

// What stands in no JSON is a text.
std::string_view type_of(const Value& value) {
    switch (value.json ? value.json->kind : JsonKind::string) {
        case JsonKind::object:
            return "object";
        case JsonKind::array:
            return "array";
        case JsonKind::string:
            return "string";
        case JsonKind::number:
            return "number";
        case JsonKind::boolean:
            return "boolean";
        case JsonKind::null:
            return "null";
        default:
            return {};
    }
}

bool of_response(const Source& source) {
    return source.part == Source::Part::response || source.part == Source::Part::response_text;
}

// Objects and arrays are alike when their bytes are.
bool alike(const Value& a, const Value& b) {
    const auto has_text = [](const Value& value) {
        return !value.json || (value.json->kind != JsonKind::array && value.json->kind != JsonKind::object);
    };
    if (has_text(a) && has_text(b)) return a.as_text() == b.as_text();
    return a.json && b.json && a.json->raw == b.json->raw;
}

// Where a text is looked for: in an object or an array, its bytes.
std::string searched(const Value& value) {
    const bool nested = value.json && (value.json->kind == JsonKind::object || value.json->kind == JsonKind::array);
    return nested ? std::string(value.json->raw) : value.as_text();
}

}  // namespace

Finding check(const Condition& condition, Facts& facts, bool want_why) {
    Finding finding;
    const Source* asked = nullptr;
    const Value value = facts.find(condition.sources, &asked);
    Value twin;
    if (!condition.twin.empty() && value.state != Value::State::unreadable) twin = facts.find(condition.twin, &asked);
    if (value.state == Value::State::unreadable || twin.state == Value::State::unreadable) {
        finding.unproven = true;
        if (want_why)
            finding.why = spell_sources(condition.sources) +
                          " cannot be told: " + (of_response(*asked) ? facts.response() : facts.request()).why;
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
        case Condition::Test::contains:
            finding.holds = value.there() && searched(value).find(condition.values.front()) != std::string::npos;
            break;
        case Condition::Test::lacks:
            finding.holds = !value.there() || searched(value).find(condition.values.front()) == std::string::npos;
            break;
        case Condition::Test::same:
        case Condition::Test::other:
            finding.holds =
                twin.there() && value.there() && alike(value, twin) == (condition.test == Condition::Test::same);
            break;
        case Condition::Test::type:
            finding.holds = value.there() && std::find(condition.values.begin(), condition.values.end(),
                                                       type_of(value)) != condition.values.end();
            break;
        case Condition::Test::present:
            finding.holds = value.there();
            break;
        case Condition::Test::absent:
            finding.holds = !value.there();
            break;
    }
    if (!finding.holds && want_why)
        finding.why = spell_sources(condition.sources) + " " +
                      shown(value, condition.sources, facts.exchange().plan->capture.redact) + ", " + wanted(condition);
    return finding;
}

}  // namespace trot
