#include "capture/envelope.h"

#include <algorithm>
#include <charconv>

#include "capture/condition.h"

namespace trot {
namespace {

int status_of(const Value& value) {
    const std::string text = value.there() ? value.as_text() : std::string();
    int status = 0;
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), status);
    return fault == std::errc() && stop == text.data() + text.size() && status >= 100 && status <= 599 ? status : 0;
}

std::optional<Fields> headers_of(const Value& value) {
    if (!value.json || value.json->kind != JsonKind::object) return std::nullopt;
    JsonReader reader;
    reader.load(value.json->raw);
    Fields out;
    for (const JsonMember& member : reader.members(""))
        out.push_back({json_text({JsonKind::string, member.key}), json_text(member.value)});
    return out;
}

std::optional<Body> body_of(const Value& value) {
    if (!value.json) return std::nullopt;
    Body out;
    out.state = Body::State::json;
    out.bytes = value.json->raw;
    return out;
}

}  // namespace

std::optional<Inside> open_envelope(const Envelope& envelope, Facts& facts) {
    for (const Condition& condition : envelope.when)
        if (!check(condition, facts, false).holds) return std::nullopt;
    Inside out;
    out.pointer = envelope.body;
    if (!envelope.body.empty()) out.body = body_of(facts.find_outside(envelope.body));
    if (!envelope.status.empty()) out.status = status_of(facts.find_outside(envelope.status));
    if (!envelope.headers.empty()) out.headers = headers_of(facts.find_outside(envelope.headers));
    const bool found = envelope.status.empty() ? out.body || out.headers : out.status != 0;
    if (found) return out;
    // JSON that does not look like an envelope is none. Something else might be one: its status cannot be told.
    const bool maybe = !envelope.when.empty() || !facts.response().readable();
    if (facts.response().state == Body::State::json || !maybe) return std::nullopt;
    out.broken = true;
    return out;
}

}  // namespace trot
