#include "dispatch/terms.h"

#include <algorithm>

#include "plan/filter_term.h"
#include "plan/hook.h"

namespace trot {
namespace {

using Test = FilterTerm::Test;

constexpr std::string_view context_prefix = "context:";
constexpr std::string_view previous_prefix = "previous:";
constexpr std::string_view changed_prefix = "changed:";

// Cuts the front off; false: it begins otherwise.
bool cut(std::string_view& what, std::string_view front) {
    if (what.substr(0, front.size()) != front) return false;
    what.remove_prefix(front.size());
    return true;
}

// What an event has besides its documents; null: `what` is none of these.
const std::string* word_of(std::string_view what, const Event& event) {
    if (what == "topic") return &event.topic;
    if (what == "resource") return &event.resource;
    if (what == "resource_id") return &event.resource_id;
    if (what == "action") return &event.action;
    return nullptr;
}

bool among(const FilterTerm& term, std::string_view text) {
    return std::find(term.values.begin(), term.values.end(), text) != term.values.end();
}

// A number that is written otherwise (1.0) is another text: who compares numbers says so.
bool holds(const FilterTerm& term, const std::string& text) {
    double number = 0;
    switch (term.test) {
        case Test::equals:
            return among(term, text);
        case Test::differs:
            return !among(term, text);
        case Test::regex:
            return term.regex && text.size() <= max_regex_value && std::regex_search(text, *term.regex);
        case Test::above:
            return read_decimal(text, number) && number > term.number;
        case Test::below:
            return read_decimal(text, number) && number < term.number;
        case Test::at_least:
            return read_decimal(text, number) && number >= term.number;
        case Test::at_most:
            return read_decimal(text, number) && number <= term.number;
        default:
            return term.test == Test::present;
    }
}

bool nothing(const JsonValue& value) { return value.kind == JsonKind::missing || value.kind == JsonKind::null; }

bool same(const JsonValue& a, const JsonValue& b) {
    if (nothing(a) || nothing(b)) return nothing(a) && nothing(b);
    if (a.kind != b.kind) return false;
    return a.raw == b.raw || (a.kind == JsonKind::string && json_text(a) == json_text(b));
}

}  // namespace

JsonValue TermReader::Document::find(const std::shared_ptr<const std::string>& text, std::string_view pointer) {
    if (!loaded) reader.load(text ? std::string_view(*text) : std::string_view());
    loaded = true;
    return reader.find(pointer);
}

JsonValue TermReader::value(std::string_view what, const Event& event) {
    if (cut(what, context_prefix))
        return event.context ? context_.find(event.context, "/" + std::string(what)) : JsonValue();
    if (cut(what, previous_prefix)) return previous_.find(event.previous, what);
    return (event.flags & event_opaque) != 0 ? JsonValue() : payload_.find(event.payload, what);
}

// Where the state before is not known, all that is there counts as changed: an event too many can be told, one too few
// cannot.
bool TermReader::changed(std::string_view pointer, const Event& event) {
    const JsonValue now = value(pointer, event);
    return !same(now, event.previous ? previous_.find(event.previous, pointer) : JsonValue());
}

bool TermReader::fits(const FilterTerm& term, const Event& event) {
    std::string_view what = term.what;
    if (cut(what, changed_prefix)) {
        const bool now = changed(what, event);
        if (term.test == Test::present || term.test == Test::absent) return now == (term.test == Test::present);
        return among(term, now ? "true" : "false") == (term.test != Test::differs);
    }
    if (const std::string* word = word_of(what, event)) {
        if (term.test == Test::absent || term.test == Test::present)
            return word->empty() == (term.test == Test::absent);
        return holds(term, *word);
    }
    const JsonValue found = value(what, event);
    if (nothing(found)) return term.or_absent || term.test == Test::absent || term.test == Test::differs;
    if (term.test == Test::absent) return false;
    return term.test == Test::present || holds(term, json_text(found));
}

}  // namespace trot
