#include "capture/needs.h"

#include <algorithm>

namespace trot {
namespace {

void add(std::vector<std::string>& names, std::string_view name) {
    std::string folded = lower(name);
    if (std::find(names.begin(), names.end(), folded) == names.end()) names.push_back(std::move(folded));
}

void ask(Needs& needs, const Source& source) {
    switch (source.part) {
        case Source::Part::request:
        case Source::Part::form:
            needs.request_body = true;
            break;
        case Source::Part::header:
            add(needs.response_fields, source.key);
            break;
        case Source::Part::request_header:
            add(needs.request_fields, source.key);
            break;
        default:
            break;
    }
}

bool listed(const std::vector<std::string>& names, std::string_view name) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& known) { return equal_nocase(known, name); });
}

}  // namespace

Needs needs_of(const Plan& plan) {
    Needs needs;
    needs.request_fields = {"content-type", "content-encoding", "x-http-method-override"};
    needs.response_fields = {"content-type", "content-encoding"};
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

bool Needs::wants_request_field(std::string_view name) const { return listed(request_fields, name); }
bool Needs::wants_response_field(std::string_view name) const { return listed(response_fields, name); }

}  // namespace trot
