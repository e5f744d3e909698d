#include "capture/evaluate.h"

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "capture/condition.h"
#include "capture/explain.h"
#include "capture/ordering.h"
#include "capture/payload.h"
#include "capture/redact.h"
#include "capture/wording.h"
#include "plan/expr.h"
#include "url/target.h"

namespace trot {
namespace {

constexpr uint32_t ambiguous = NormalPath::encoded_slash | NormalPath::dot_segments | NormalPath::bad_percent |
                               NormalPath::too_long | NormalPath::empty_segment;

bool status_fits(const Hook& hook, int status) {
    return std::any_of(hook.status.begin(), hook.status.end(),
                       [&](const StatusRange& range) { return status >= range.low && status <= range.high; });
}

std::string why_status(const Hook& hook, int status) {
    std::string wanted;
    for (const StatusRange& range : hook.status) {
        if (!wanted.empty()) wanted += " or ";
        if (range.low % 100 == 0 && range.high == range.low + 99)
            wanted += std::to_string(range.low / 100) + "xx";
        else
            wanted += std::to_string(range.low) + (range.high == range.low ? "" : "-" + std::to_string(range.high));
    }
    if (status == 0) return "the status cannot be told, wants " + wanted;
    return "status is " + std::to_string(status) + ", wants " + wanted;
}

bool in_answer(const Source& source) { return source.part == Source::Part::response; }

using Elements = std::optional<std::vector<std::string_view>>;

// What request-item: walks beside the items.
Elements asked_items(Facts& facts, const Hook& hook, const Source& source, const Elements& items) {
    if (!hook.request_items.empty()) {
        const Source* there = &hook.request_items.front();
        (void)facts.find(hook.request_items, &there);
        return facts.array(*there);
    }
    if (!in_answer(source)) return items;
    Source twin = source;
    twin.part = Source::Part::request;
    return facts.array(twin);
}

// The method that the form names, when some file's hooks look for it there.
std::string form_method_of(const Exchange& exchange, Facts& facts) {
    const std::vector<RoutingContext>& contexts = exchange.plan->contexts;
    const bool wanted = std::any_of(contexts.begin(), contexts.end(), [](const RoutingContext& context) {
        return (context.method_override & RoutingContext::by_form) != 0;
    });
    if (!wanted || exchange.method != "POST") return {};
    return facts.find(Source{Source::Part::form, "_method", false}).text;
}

}  // namespace

struct Evaluator::Pass {
    const Exchange& exchange;
    Facts facts;
    std::vector<Event> events;
    std::vector<EventPlace> places;  // of each event
    size_t element = 0;              // of the hook's items
};

bool Evaluator::conditions(Pass& pass, const Hook& hook, bool of_items, std::string* why) {
    for (const Condition& condition : hook.when) {
        if (about_item(condition) != of_items) continue;
        Finding finding = check(condition, pass.facts, why != nullptr);
        if (finding.holds) continue;
        if (finding.unproven) ++unproven_;
        if (why != nullptr) *why = std::move(finding.why);
        return false;
    }
    return true;
}

// How many events it made.
size_t Evaluator::emit(Pass& pass, const PathMatch& match, std::string_view item, uint32_t flags, std::string* why) {
    const Hook& hook = *match.hook;
    const Exchange& exchange = pass.exchange;
    std::vector<Naming> names;
    for (const Wording& topic : hook.topics) {
        Naming name = name_event(hook, topic, pass.facts);
        if (name.unproven) ++unproven_;
        if (name.topic.empty() && why != nullptr) *why = std::move(name.why);
        if (!name.topic.empty()) names.push_back(std::move(name));
    }
    if (names.empty()) return 0;
    ResourceId id = read_id(hook, pass.facts);
    Payload payload = build_payload(hook, pass.facts, id, item);
    Event event;
    event.hook = hook.name;
    event.resource_id = std::move(id.text);
    event.at_ms = exchange.at_ms;
    event.flags = flags | payload.flags;
    if (exchange.ended_early) event.flags |= event_partial_answer;
    if (exchange.replayed) event.flags |= event_replayed;
    if ((match.path_flags & ambiguous) != 0) event.flags |= event_ambiguous_path;
    if (id.wanted && event.resource_id.empty()) event.flags |= event_unmapped;
    event.method = exchange.method;
    event.path = path_of(exchange.target);
    event.status = pass.facts.status();
    event.capture = exchange.capture;
    if ((payload.flags & event_opaque) == 0)
        payload.bytes = redact(std::move(payload.bytes), exchange.plan->capture.redact, scratch_);
    event.payload = std::make_shared<const std::string>(std::move(payload.bytes));
    const size_t first = pass.events.size();
    pass.events.resize(first + names.size() - 1, event);
    pass.events.push_back(std::move(event));
    for (size_t i = 0; i < names.size(); ++i) {
        Event& one = pass.events[first + i];
        one.topic = std::move(names[i].topic);
        one.resource = std::move(names[i].resource);
        one.action = std::move(names[i].action);
        pass.places.push_back({&hook, pass.element});
    }
    return names.size();
}

void Evaluator::each_item(Pass& pass, const PathMatch& match, std::string* why) {
    const Hook& hook = *match.hook;
    const Source* source = &hook.items.front();  // the first one that is there
    (void)pass.facts.find(hook.items, &source);
    const Body& body = in_answer(*source) ? pass.facts.response() : pass.facts.request();
    const Elements items = pass.facts.array(*source);
    if (!items) {
        if (!body.readable()) emit(pass, match, {}, event_unmapped, nullptr);
        if (why != nullptr)
            *why = body.readable() ? spell_sources(hook.items) + " is not an array" : "matched, but " + body.why;
        return;
    }
    const Elements asked = asked_items(pass.facts, hook, *source, items);
    const size_t count = std::min(items->size(), max_items);
    const uint32_t flags = items->size() > max_items ? static_cast<uint32_t>(event_truncated) : 0U;
    size_t emitted = 0;
    std::string why_not;
    for (size_t i = 0; i < count; ++i) {
        pass.facts.set_item((*items)[i], asked && i < asked->size() ? (*asked)[i] : std::string_view());
        pass.element = i;
        std::string* const reason = why == nullptr ? nullptr : &why_not;
        if (conditions(pass, hook, true, reason) && emit(pass, match, (*items)[i], flags, reason) > 0) ++emitted;
    }
    pass.element = 0;
    pass.facts.set_item({}, {});
    if (why == nullptr) return;
    *why = std::to_string(emitted) + " of " + std::to_string(items->size()) + " items";
    if (emitted > 0) *why = "matched: " + *why;
    if (emitted < count) *why += " (the last one left out: " + why_not + ")";
}

// A hook that matched leaves "matched…" in `why`.
void Evaluator::judge(Pass& pass, const PathMatch& match, std::string* why) {
    const Hook& hook = *match.hook;
    pass.facts.enter(pass.exchange.plan->contexts[hook.context]);
    pass.facts.set_params(&match.params);
    const int status = pass.facts.status();
    if (!status_fits(hook, status)) {
        if (status == 0 && pass.exchange.status != 0) ++unproven_;
        if (why != nullptr) *why = why_status(hook, status);
        return;
    }
    if (!conditions(pass, hook, false, why)) return;
    if (!hook.items.empty()) return each_item(pass, match, why);
    if (emit(pass, match, {}, 0, why) > 0 && why != nullptr) *why = "matched";
}

std::vector<Event> Evaluator::evaluate(const Exchange& exchange, std::vector<HookReport>* reports) {
    unproven_ = 0;
    RequestHead head;
    head.method = exchange.method;
    head.target = exchange.target;
    head.fields = &exchange.request_fields;
    Pass pass{exchange, Facts(exchange, readers_), {}, {}, 0};
    const std::string form_method = form_method_of(exchange, pass.facts);
    head.form_method = form_method;
    const std::vector<PathMatch> matches = exchange.plan->matcher->collect(head);
    std::unordered_map<const Hook*, HookReport> found;
    for (const PathMatch& match : matches) {
        const size_t before = pass.events.size();
        HookReport report{match.hook, false, {}};
        judge(pass, match, reports == nullptr ? nullptr : &report.why);
        report.matched = pass.events.size() > before;
        if (reports != nullptr) found.emplace(match.hook, std::move(report));
    }
    put_in_order(pass.events, pass.places);
    if (reports != nullptr) {
        reports->clear();
        for (const Hook& hook : exchange.plan->hooks) {
            const auto known = found.find(&hook);
            if (known != found.end())
                reports->push_back(std::move(known->second));
            else
                reports->push_back({&hook, false, why_no_candidate(hook, exchange)});
        }
    }
    return std::move(pass.events);
}

}  // namespace trot
