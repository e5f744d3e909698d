#include "capture/evaluate.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <unordered_map>

#include "capture/aside.h"
#include "capture/condition.h"
#include "capture/explain.h"
#include "capture/hydrate.h"
#include "capture/origin.h"
#include "capture/pass.h"
#include "capture/payload.h"
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
bool in_query(const Source& source) { return source.part == Source::Part::query; }

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

bool Evaluator::conditions(Pass& pass, const Hook& hook, bool of_items, std::string* why) {
    for (const Condition& condition : hook.when) {
        if ((!hook.items.empty() && about_item(condition)) != of_items) continue;
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
    std::string bytes = (payload.flags & event_opaque) != 0
                            ? std::move(payload.bytes)
                            : take_redacted(std::move(payload), exchange.plan->capture.redact, scratch_);
    event.payload = std::make_shared<const std::string>(std::move(bytes));
    if (const std::string* previous = pass.facts.previous())
        event.previous = std::make_shared<const std::string>(*previous);
    event.context = build_context(hook, pass.facts, scratch_);
    if (!pass.origin_known) pass.origin = origin_of(exchange);
    pass.origin_known = true;
    event.origin = pass.origin;
    if (pass.hydrates) event.hydrate = order_hydration(hook, pass.facts);
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

// An exchange or an element for which all that the hook asks holds. How much came of it.
size_t Evaluator::act(Pass& pass, const PathMatch& match, std::string_view item, uint32_t flags, std::string* why) {
    if (match.hook->does == Does::event) return emit(pass, match, item, flags, why);
    return remember(pass, *match.hook, item, scratch_, why);
}

size_t Evaluator::each_item(Pass& pass, const PathMatch& match, std::string* why) {
    const Hook& hook = *match.hook;
    const Source* source = &hook.items.front();  // the first one that is there
    (void)pass.facts.find(hook.items, &source);
    const Elements items = pass.facts.array(*source);
    if (!items) {
        const Body* body = in_answer(*source)  ? &pass.facts.response()
                           : in_query(*source) ? nullptr
                                               : &pass.facts.request();
        const bool unread = body != nullptr && !body->readable();
        if (why != nullptr)
            *why = unread ? "matched, but " + body->why : spell_sources(hook.items) + " is not an array";
        return unread && hook.does == Does::event ? emit(pass, match, {}, event_unmapped, nullptr) : 0;
    }
    const Elements asked = asked_items(pass.facts, hook, *source, items);
    const size_t count = std::min(items->size(), max_items);
    const uint32_t flags = items->size() > max_items ? static_cast<uint32_t>(event_truncated) : 0U;
    size_t emitted = 0;
    std::string why_not;
    for (size_t i = 0; i < count; ++i) {
        pass.facts.set_item((*items)[i], asked && i < asked->size() ? (*asked)[i] : std::string_view(),
                            in_query(*source));
        pass.element = i;
        std::string* const reason = why == nullptr ? nullptr : &why_not;
        if (conditions(pass, hook, true, reason) && act(pass, match, (*items)[i], flags, reason) > 0) ++emitted;
    }
    pass.element = 0;
    pass.facts.set_item({}, {});
    if (why == nullptr) return emitted;
    *why = std::to_string(emitted) + " of " + std::to_string(items->size()) + " items";
    if (emitted > 0) *why = "matched: " + *why;
    if (emitted < count) *why += " (the last one left out: " + why_not + ")";
    return emitted;
}

// How much came of it. A hook that matched leaves "matched…" in `why`.
size_t Evaluator::judge(Pass& pass, const PathMatch& match, Memory& memory, std::string* why) {
    const Hook& hook = *match.hook;
    const bool of_job = hook.does == Does::put_aside || hook.does == Does::resolve;
    if (of_job && pass.inner) return 0;
    pass.facts.enter(pass.exchange.plan->contexts[hook.context]);
    pass.facts.set_params(&match.params);
    pass.facts.set_previous(of_job || !hook.known_as.set() ? nullptr : &hook.known_as);
    const int status = pass.facts.status();
    if (!status_fits(hook, status)) {
        if (status == 0 && pass.exchange.status != 0) ++unproven_;
        if (why != nullptr) *why = why_status(hook, status);
        return 0;
    }
    recalled_ = recalled_ || hook.known_as.set();
    if (!conditions(pass, hook, false, why)) return 0;
    if (hook.does == Does::put_aside) return put_aside(pass, hook, memory, why);
    if (hook.does == Does::resolve) return resolve(pass, hook, memory, why);
    if (!hook.items.empty()) return each_item(pass, match, why);
    const size_t done = act(pass, match, {}, 0, why);
    if (done > 0 && why != nullptr && hook.does == Does::event) *why = "matched";
    return done;
}

namespace {

// Every hook of the plan, also those that were no candidates.
void fill(const Exchange& exchange, std::unordered_map<const Hook*, HookReport>& found,
          std::vector<HookReport>& reports) {
    reports.clear();
    for (const Hook& hook : exchange.plan->hooks) {
        const auto known = found.find(&hook);
        if (known != found.end())
            reports.push_back(std::move(known->second));
        else
            reports.push_back({&hook, false, why_no_candidate(hook, exchange)});
    }
}

// What the hooks said of a job's own request, where they found something in it.
void merge(const std::vector<HookReport>& inner, const std::string& why, std::vector<HookReport>& reports) {
    for (size_t i = 0; i < inner.size(); ++i)
        if (inner[i].matched) reports[i] = {inner[i].hook, true, why + inner[i].why};
}

}  // namespace

std::vector<Event> Evaluator::run(const Exchange& exchange, Memory& memory, bool inner,
                                  std::vector<HookReport>* reports) {
    RequestHead head;
    head.method = exchange.method;
    head.target = exchange.target;
    head.fields = &exchange.request_fields;
    Pass pass{exchange, Facts(exchange, readers_, memory), {}, {}, 0, {}, {}, nullptr, false, 0, inner};
    pass.hydrates = exchange.plan->hydrate.set() || reports != nullptr;
    const std::string form_method = form_method_of(exchange, pass.facts);
    head.form_method = form_method;
    const std::vector<PathMatch> matches = exchange.plan->matcher->collect(head);
    std::unordered_map<const Hook*, HookReport> found;
    for (const PathMatch& match : matches) {
        HookReport report{match.hook, false, {}};
        report.matched = judge(pass, match, memory, reports == nullptr ? nullptr : &report.why) > 0;
        if (reports != nullptr) found.emplace(match.hook, std::move(report));
    }
    put_in_order(pass.events, pass.places);
    if (reports != nullptr) fill(exchange, found, *reports);
    if (pass.facts.fault()) fault_ = pass.facts.fault();
    unproven_ += pass.unproven;
    std::move(pass.memos.begin(), pass.memos.end(), std::back_inserter(memos_));
    // The readers are free again: only now can a job's own exchange be judged.
    for (Joined& joined : pass.joined) {
        std::vector<HookReport> said;
        std::vector<Event> more = run(joined.exchange, memory, true, reports == nullptr ? nullptr : &said);
        if (reports != nullptr) merge(said, joined.why, *reports);
        for (Event& event : more) {
            event.item = static_cast<uint32_t>(pass.events.size());
            pass.events.push_back(std::move(event));
        }
    }
    return std::move(pass.events);
}

std::vector<Event> Evaluator::evaluate(const Exchange& exchange, Memory& memory, std::vector<HookReport>* reports) {
    unproven_ = 0;
    memos_.clear();
    recalled_ = false;
    fault_.reset();
    return run(exchange, memory, false, reports);
}

std::vector<Event> Evaluator::evaluate(const Exchange& exchange, std::vector<HookReport>* reports) {
    NoMemory memory;
    return evaluate(exchange, memory, reports);
}

}  // namespace trot
