#include "capture/needs.h"

#include <algorithm>

namespace trot {
namespace {

void ask(Needs& needs, const Source& source) {
    switch (source.part) {
        case Source::Part::request:
        case Source::Part::form:
            needs.request_body = true;
            break;
        case Source::Part::header:
            needs.response_fields.add(source.key);
            break;
        case Source::Part::request_header:
            needs.request_fields.add(source.key);
            break;
        default:
            break;
    }
}

}  // namespace

Needs needs_of(const Plan& plan) {
    Needs needs;
    for (const char* name : {"content-type", "content-encoding", "x-http-method-override"})
        needs.request_fields.add(name);
    for (const char* name : {"content-type", "content-encoding"}) needs.response_fields.add(name);
    for (const Hook& hook : plan.hooks) {
        ask(needs, hook.id);
        ask(needs, hook.items);
        for (const Source& source : hook.payload) ask(needs, source);
        for (const auto& member : hook.payload_members) ask(needs, member.second);
        for (const Condition& condition : hook.when) ask(needs, condition.source);
        for (const StatusRange& range : hook.status)
            for (int status = std::max(1, range.low); status <= std::min(999, range.high); ++status)
                needs.statuses.set(static_cast<size_t>(status));
    }
    return needs;
}

bool FieldNames::listed(std::string_view name) const {
    return std::any_of(names_.begin(), names_.end(),
                       [&](const std::string& known) { return equal_nocase(known, name); });
}

void FieldNames::add(std::string_view name) {
    if (has(name)) return;
    names_.push_back(lower(name));
    lengths_.set(length(name));
}

}  // namespace trot
