#include "capture/needs.h"

#include <algorithm>

#include "plan/shape.h"

namespace trot {
namespace {

void ask(Needs& needs, const Source& source) {
    switch (source.part) {
        case Source::Part::request:
        case Source::Part::request_item:
        case Source::Part::request_text:
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
    for (const char* name : {"content-type", "content-encoding", "x-http-method-override", "x-request-id",
                             "x-correlation-id", "request-id", "traceparent", "tracestate", "trotline-hop"})
        needs.request_fields.add(name);
    for (const char* name : {"content-type", "content-encoding"}) needs.response_fields.add(name);
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
        ask_wording(hook.known_as);
        each_source(hook.payload, [&needs](const Source& source) { ask(needs, source); });
        each_source(hook.taken_along, [&needs](const Source& source) { ask(needs, source); });
        ask_conditions(hook.when);
        ask_wording(hook.hydrate.get);
        ask_conditions(hook.hydrate.when);
        for (const StatusRange& range : hook.status) want(range.low, range.high);
        const RoutingContext& context = plan.contexts[hook.context];
        if ((context.method_override & RoutingContext::by_form) != 0) needs.request_body = true;
        if (!context.envelope.set()) continue;
        want(200, 299);  // the status that the hook wants may be inside
        ask_conditions(context.envelope.when);
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
