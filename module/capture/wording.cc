#include "capture/wording.h"

#include "capture/redact.h"
#include "json/pointer.h"
#include "plan/expr.h"

namespace trot {
namespace {

// False: the reason is in `out`. Where paths match without case a value out of the path is lower case: the topic must
// not depend on how the client spelled it.
bool say(const Wording& wording, bool fold, Facts& facts, std::string& text, Naming& out) {
    text = wording.pieces.empty() ? wording.spelling : std::string();
    for (const Wording::Piece& piece : wording.pieces) {
        if (piece.any.empty()) {
            text += piece.text;
            continue;
        }
        const Source* source = nullptr;
        const Value value = facts.find(piece.any, &source);
        std::string part = value.there() ? value.as_text() : std::string();
        if (fold && source != nullptr && source->part == Source::Part::path) part = lower(part);
        const bool hidden = source != nullptr && is_redacted_source(*source, facts.exchange().plan->capture.redact);
        if (part_is_right(part) && !hidden) {
            text += part;
            continue;
        }
        out.unproven = value.state == Value::State::unreadable;
        out.why = "no topic: " + spell_sources(piece.any) + " is ";
        if (out.unproven)
            out.why += "in a body that cannot be read";
        else if (!value.there())
            out.why += "missing";
        else if (hidden)
            out.why += "redacted";
        else
            out.why += json_quote(part.substr(0, 80)) + ", which is no part of a topic";
        return false;
    }
    return true;
}

}  // namespace

Naming name_event(const Hook& hook, const Wording& topic, Facts& facts) {
    Naming out;
    const bool fold = facts.exchange().plan->contexts[hook.context].ignore_case;
    std::string text;
    if (!say(topic, fold, facts, text, out)) return out;
    if (!topic_is_right(text)) {
        out.why = "no topic: it would be longer than 128 bytes";
        return out;
    }
    const size_t dot = text.rfind('.');
    out.resource = text.substr(0, dot);
    out.action = dot == std::string::npos ? "" : text.substr(dot + 1);
    if (hook.resource.set() && !say(hook.resource, fold, facts, out.resource, out)) return out;
    if (hook.action.set() && !say(hook.action, fold, facts, out.action, out)) return out;
    out.topic = std::move(text);
    return out;
}

std::optional<std::string> spell_name(const Wording& wording, Facts& facts) {
    constexpr size_t longest = 512;
    if (wording.pieces.empty()) return wording.spelling;
    std::string out;
    for (const Wording::Piece& piece : wording.pieces) {
        if (piece.any.empty()) {
            out += piece.text;
            continue;
        }
        const Source* source = nullptr;
        const Value value = facts.find(piece.any, &source);
        const std::string part = value.there() ? value.as_text() : std::string();
        if (part.empty() || is_redacted_source(*source, facts.exchange().plan->capture.redact)) return std::nullopt;
        for (const char c : part) {
            if (c == '/' || c == '%')
                out += c == '/' ? "%2F" : "%25";
            else
                out += c;
        }
    }
    if (out.size() > longest) return std::nullopt;
    return out;
}

std::string scoped_name(std::string_view scope, std::string_view name) {
    std::string out(scope);
    out += ':';
    out += name;
    return out;
}

}  // namespace trot
