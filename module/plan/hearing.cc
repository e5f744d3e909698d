#include "plan/hearing.h"

#include <fmt/format.h>

#include "plan/expr.h"

namespace trot {
namespace {

constexpr char any = '*';  // in an expanded topic: some part, whatever it is; no topic holds this byte
constexpr size_t most = 1000;

// The values a source can have when the file says all of them; false when any is possible.
bool known_values(const Hook& hook, const Source& source, std::vector<std::string>& out) {
    if (source.part == Source::Part::literal) {
        out.push_back(source.key);
        return true;
    }
    if (source.part != Source::Part::path) return false;
    for (const Route& route : hook.routes)
        for (const TemplateSegment& segment : route.segments) {
            if (segment.kind == TemplateSegment::Kind::literal || segment.text != source.key) continue;
            if (!segment.pattern || segment.pattern->plain().empty()) return false;
            out.insert(out.end(), segment.pattern->plain().begin(), segment.pattern->plain().end());
        }
    return true;
}

std::vector<std::string> values_of(const Hook& hook, const Sources& sources) {
    for (const Condition& condition : hook.when)
        if (condition.test == Condition::Test::equals && spell_sources(condition.sources) == spell_sources(sources))
            return condition.values;
    std::vector<std::string> out;
    for (const Source& source : sources)
        if (!known_values(hook, source, out)) return {std::string(1, any)};
    return out;
}

// The topics of a wording, with `any` where a part may be anything.
std::vector<std::string> expand(const Hook& hook, const Wording& topic) {
    std::vector<std::string> out{topic.pieces.empty() ? topic.spelling : ""};
    for (const Wording::Piece& piece : topic.pieces) {
        std::vector<std::string> longer;
        std::vector<std::string> values =
            piece.any.empty() ? std::vector<std::string>{piece.text} : values_of(hook, piece.any);
        if (values.size() * out.size() > most) values = {std::string(1, any)};
        for (const std::string& begun : out)
            for (const std::string& value : values) longer.push_back(begun + value);
        out = std::move(longer);
    }
    return out;
}

bool of_part(char c) { return c != '.' && c != any; }

// Does the wanted topic fit the made one (`any`: one part or a piece of one)? open: what it begins with.
bool fits(std::string_view wanted, std::string_view made, bool open) {
    if (wanted.empty()) return open || made.empty();
    if (made.empty()) return false;
    if (made.front() != any) return wanted.front() == made.front() && fits(wanted.substr(1), made.substr(1), open);
    for (size_t taken = 1; taken <= wanted.size() && of_part(wanted[taken - 1]); ++taken)
        if (fits(wanted.substr(taken), made.substr(1), open)) return true;
    return false;
}

// A made topic with its free parts as the wanted one has them: what was probably meant.
std::string meant(std::string_view wanted, std::string_view made) {
    std::string out;
    for (;;) {
        const size_t end = made.find('.');
        const std::string_view part = made.substr(0, end);
        out += part == std::string_view(&any, 1) ? wanted.substr(0, wanted.find('.')) : part;
        if (end == std::string_view::npos) return out;
        out += '.';
        made.remove_prefix(end + 1);
        const size_t dot = wanted.find('.');
        wanted = dot == std::string_view::npos ? std::string_view() : wanted.substr(dot + 1);
    }
}

bool fits_pattern(std::string_view wanted, std::string_view topic) {
    if (wanted == "*") return true;
    const bool open = wanted.size() > 2 && wanted.substr(wanted.size() - 2) == ".*";
    return fits(open ? wanted.substr(0, wanted.size() - 1) : wanted, topic, open);
}

void warn_pattern(const RawValue& pattern, const Plan& plan, const std::vector<Unseen>& unseen, Report& report) {
    if (pattern.text.empty() || pattern.text == "*" || pattern.text.substr(0, 9) == "trotline.") return;
    if (is_heard(pattern.text, plan)) return;
    std::vector<std::string> topics;
    for (const Hook& hook : plan.hooks)
        for (const Wording& topic : hook.topics)
            for (const std::string& one : expand(hook, topic)) topics.push_back(meant(pattern.text, one));
    for (const Unseen& one : unseen) {
        if (!topic_matches(one.topic, pattern.text) && !topic_matches(pattern.text, one.topic)) continue;
        report.warning(pattern.at, fmt::format("{} cannot be seen from a proxy: {}{}", quoted(pattern.text), one.why,
                                               one.closest.empty() ? "" : "; the closest is " + one.closest));
        return;
    }
    const std::string_view near = nearest(pattern.text, {topics.begin(), topics.end()});
    report.warning(pattern.at, fmt::format("no hook has a topic that {} takes{}", quoted(pattern.text),
                                           near.empty() ? "" : fmt::format(", did you mean \"{}\"?", near)));
}

}  // namespace

bool is_heard(std::string_view pattern, const Plan& plan) {
    for (const Hook& hook : plan.hooks)
        for (const Wording& topic : hook.topics)
            for (const std::string& made : expand(hook, topic))
                if (fits_pattern(pattern, made)) return true;
    return false;
}

void warn_unheard(const RawValue& subscriptions, const Plan& plan, const std::vector<Unseen>& unseen, Report& report) {
    for (const RawValue& subscription : subscriptions.list) {
        const RawMember* topics = subscription.find("topics");
        if (!topics) continue;
        const std::vector<RawValue> patterns =
            topics->value.kind == RawValue::Kind::list ? topics->value.list : std::vector<RawValue>{topics->value};
        for (const RawValue& pattern : patterns) warn_pattern(pattern, plan, unseen, report);
    }
}

}  // namespace trot
