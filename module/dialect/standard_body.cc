#include "dialect/standard_body.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "dialect/payload.h"
#include "dialect/quote.h"
#include "dialect/style.h"

namespace trot {
namespace {

constexpr std::array<std::string_view, 4> extras{"previous", "changed", "actor", "request_id"};

bool is_extra(std::string_view text) { return std::find(extras.begin(), extras.end(), text) != extras.end(); }

}  // namespace

const OptionRule& standard_with() {
    static const OptionRule rule{.name = "with",
                                 .kind = OptionRule::Kind::texts,
                                 .right = "a list of \"previous\", \"changed\", \"actor\" and \"request_id\"",
                                 .fits = is_extra,
                                 .most = 16};
    return rule;
}

const OptionRule& standard_sequence() {
    static const OptionRule rule{.name = "sequence", .kind = OptionRule::Kind::flag};
    return rule;
}

bool standard_shares_bodies(const FormatOptions& options) { return option(options, "sequence", "false") != "true"; }

StandardBody::StandardBody(const FormatOptions& options) : sequence_(!standard_shares_bodies(options)) {
    const std::vector<std::string>* with = option_values(options, "with");
    if (with == nullptr) return;
    const auto asked = [with](std::string_view name) {
        return std::find(with->begin(), with->end(), name) != with->end();
    };
    previous_ = asked("previous");
    changed_ = asked("changed");
    actor_ = asked("actor");
    request_id_ = asked("request_id");
}

std::string StandardBody::make(const EventView& event, const DeliveryView& delivery) {
    std::string out;
    out.reserve(event.payload.size() + (previous_ ? event.previous.size() : 0) + 256);
    out += "{\"id\":";
    append_quoted(out, event.id);
    out += ",\"type\":";
    append_quoted(out, event.topic);
    out += ",\"timestamp\":\"" + rfc3339(event.at_ms) + "\"";
    if (!event.resource.empty()) {
        out += ",\"subject\":";
        append_quoted(out, subject_of(event.resource, event.resource_id));
    }
    out += ",\"data\":";
    append_payload(out, event);
    append_opaque_mark(out, event);
    if ((event.flags & cut_flags) != 0) out += ",\"truncated\":true";
    if (sequence_ && delivery.sequence > 0) out += ",\"sequence\":" + std::to_string(delivery.sequence);
    if (previous_ && !event.previous.empty()) (out += ",\"previous\":") += event.previous;
    if (changed_) append_changed(out, event);
    if ((actor_ || request_id_) && !event.origin.empty()) append_origin(out, event);
    out += '}';
    return out;
}

void StandardBody::append_changed(std::string& out, const EventView& event) {
    if (!Changes::known(event)) return;
    out += ",\"changed\":[";
    std::string_view between;
    for (const Changes::One& one : changes_.of(event)) {
        (out += between) += one.key;
        between = ",";
    }
    out += ']';
}

void StandardBody::append_origin(std::string& out, const EventView& event) {
    origin_.load(event.origin);
    for (const auto& [wanted, name] : {std::pair(actor_, "actor"), std::pair(request_id_, "request_id")}) {
        if (!wanted) continue;
        const JsonValue value = origin_.find(std::string("/") + name);
        if (value.kind == JsonKind::string) ((out += ",\"") += name) += "\":" + std::string(value.raw);
    }
}

}  // namespace trot
