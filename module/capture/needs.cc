#include "capture/needs.h"

#include <algorithm>

#include "plan/shape.h"

namespace trot {
namespace {

void add(std::vector<std::string>& names, std::string_view name) {
    std::string folded = lower(name);
    if (std::find(names.begin(), names.end(), folded) == names.end()) names.push_back(std::move(folded));
}

void ask(Needs& needs, const Source& source) {
    switch (source.part) {
        case Source::Part::request:
        case Source::Part::request_item:
        case Source::Part::request_text:
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
    const auto ask_all = [&needs](const Sources& sources) {
        for (const Source& source : sources) ask(needs, source);
    };
    const auto ask_wording = [&](const Wording& wording) {
        for (const Wording::Piece& piece : wording.pieces) ask_all(piece.any);
    };
    const auto ask_conditions = [&](const std::vector<Condition>& conditions) {
        for (const Condition& condition : conditions) {
            ask_all(condition.sources);
            ask_all(condition.twin);
        }
    };
    const auto want = [&needs](int low, int high) {
        for (int status = std::max(1, low); status <= std::min(999, high); ++status)
            needs.statuses.set(static_cast<size_t>(status));
    };
    for (const Hook& hook : plan.hooks) {
        ask_all(hook.id);
        ask_all(hook.items);
        ask_all(hook.request_items);
        for (const Wording& topic : hook.topics) ask_wording(topic);
        ask_wording(hook.resource);
        ask_wording(hook.action);
        each_source(hook.payload, [&needs](const Source& source) { ask(needs, source); });
        ask_conditions(hook.when);
        for (const StatusRange& range : hook.status) want(range.low, range.high);
        const RoutingContext& context = plan.contexts[hook.context];
        if ((context.method_override & RoutingContext::by_form) != 0) needs.request_body = true;
        if (!context.envelope.set()) continue;
        want(200, 299);  // the status that the hook wants may be inside
        ask_conditions(context.envelope.when);
    }
    return needs;
}

bool Needs::wants_request_field(std::string_view name) const { return listed(request_fields, name); }
bool Needs::wants_response_field(std::string_view name) const { return listed(response_fields, name); }

}  // namespace trot
