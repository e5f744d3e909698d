// The door's plan: load, count, settings, judge, explain. See trotline.h for what each call promises.
#include <algorithm>
#include <climits>

#include "capture/evaluate.h"
#include "dialect/format.h"
#include "egress/rules.h"
#include "json/pointer.h"
#include "objects.h"
#include "plan/load.h"
#include "sealed.h"
#include "shape/program.h"

using namespace trot;
using namespace trot::abi;

namespace {

Vocabulary vocabulary() {
    Vocabulary words = shipped_vocabulary();
    words.check_program = check_program;
    words.refused = refusal_of;
    return words;
}

thread_local std::string mistakes;  // of this thread's last failed load

int adopt(const Result<PlanPtr>& loaded, trot_plan** out, trot_fault* fault) {
    if (!loaded) {
        mistakes = loaded.fault().text;
        return tell(fault, loaded.fault());
    }
    auto plan = std::make_unique<trot_plan>();
    plan->plan = loaded.value();
    plan->needs = needs_of(*plan->plan);
    mistakes.clear();
    *out = plan.release();
    return TROT_OK;
}

// On one line: in sound JSON a line end stands between values only.
std::string one_line(std::string json) {
    std::replace_if(
        json.begin(), json.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return json;
}

std::string explain_json(const Exchange& exchange, const std::vector<Event>& events,
                         const std::vector<HookReport>& reports) {
    std::string out = "{\"method\":" + json_quote(exchange.method) + ",\"url\":" + json_quote(exchange.target) +
                      ",\"status\":" + (exchange.status == 0 ? "null" : std::to_string(exchange.status)) +
                      ",\"events\":[";
    for (size_t i = 0; i < events.size(); ++i) {
        const Event& event = events[i];
        out += std::string(i == 0 ? "" : ",") + "{\"topic\":" + json_quote(event.topic) +
               ",\"resource\":" + json_quote(event.resource) + ",\"action\":" + json_quote(event.action) +
               ",\"resource_id\":" + json_quote(event.resource_id) + ",\"payload\":";
        const bool opaque = (event.flags & event_opaque) != 0;
        if (!event.payload || event.payload->empty())
            out += "null";
        else
            out += opaque ? json_quote(*event.payload) : one_line(*event.payload);
        if (event.previous) out += ",\"previous\":" + one_line(*event.previous);
        if (event.context) out += ",\"context\":" + one_line(*event.context);
        if (event.hydrate) out += ",\"hydrate\":" + json_quote(event.hydrate->target);
        out += "}";
    }
    out += "],\"hooks\":[";
    for (size_t i = 0; i < reports.size(); ++i) {
        const HookReport& report = reports[i];
        out += std::string(i == 0 ? "" : ",") + "{\"hook\":" + json_quote(report.hook->name) +
               ",\"matched\":" + (report.matched ? "true" : "false") + ",\"why\":" + json_quote(report.why);
        if (!report.hook->source.empty()) out += ",\"source\":" + json_quote(report.hook->source);
        out += "}";
    }
    return out + "]}";
}

void copy_fields(const trot_field* fields, size_t count, Fields& into) {
    for (size_t i = 0; i < count; ++i)
        into.push_back({std::string(view(fields[i].name)), std::string(view(fields[i].value))});
}

}  // namespace

extern "C" {

uint32_t trot_abi(void) noexcept { return TROT_ABI; }

const char* trot_version(void) noexcept { return TROTLINE_VERSION; }

int trot_plan_load(const char* path, trot_plan** out, trot_fault* fault) noexcept {
    if (path == nullptr || out == nullptr)
        return tell(fault, Code::usage, "trot_plan_load needs a path and a place for the plan");
    *out = nullptr;
    return sealed(fault, [&] { return adopt(load_plan(path, vocabulary()), out, fault); });
}

int trot_plan_parse(trot_text toml, const char* name, trot_plan** out, trot_fault* fault) noexcept {
    if (name == nullptr || out == nullptr)
        return tell(fault, Code::usage, "trot_plan_parse needs a name and a place for the plan");
    *out = nullptr;
    return sealed(fault, [&] { return adopt(parse_plan(view(toml), name, vocabulary()), out, fault); });
}

const char* trot_plan_mistakes(void) noexcept { return mistakes.empty() ? nullptr : mistakes.c_str(); }

void trot_plan_keep(trot_plan* plan) noexcept {
    if (plan != nullptr) plan->count.fetch_add(1, std::memory_order_relaxed);
}

void trot_plan_drop(trot_plan* plan) noexcept {
    if (plan != nullptr && plan->count.fetch_sub(1, std::memory_order_acq_rel) == 1) delete plan;
}

trot_text trot_plan_warning(const trot_plan* plan, size_t nth) noexcept {
    if (plan == nullptr || nth >= plan->plan->warnings.size()) return {nullptr, 0};
    return text_of(plan->plan->warnings[nth]);
}

int trot_plan_setting(const trot_plan* plan, const char* key, size_t nth, trot_text* out) noexcept {
    if (plan == nullptr || key == nullptr || out == nullptr) return 0;
    const std::string* value = plan->plan->setting(key, nth);
    if (value == nullptr) return 0;
    *out = text_of(*value);
    return 1;
}

int trot_plan_judge(const trot_plan* plan, const trot_request* request, trot_verdict* verdict) noexcept {
    if (plan == nullptr || request == nullptr || verdict == nullptr) return TROT_EUSAGE;
    std::optional<trot_request> room;
    const trot_request& asked = see_struct(*request, room);
    RequestHead head;
    head.method = view(asked.method);
    head.target = view(asked.target);
    if (plan->plan->method_override) head.override_method = find(asked.fields, asked.nfields, "x-http-method-override");
    const Judgement judged = plan->plan->matcher->judge(head);
    trot_verdict answer{};
    if (judged.matched) {
        answer.action = judged.guarantee == Guarantee::hold ? TROT_HOLD : TROT_CAPTURE;
        answer.on_fault = judged.on_fault == OnFault::reject ? 1 : 0;
        answer.hold_ms = static_cast<uint32_t>(std::min<int64_t>(plan->plan->store.hold_ms, UINT_MAX));
        answer.request_cap = plan->needs.request_body ? plan->plan->capture.request_cap : 0;
        answer.response_cap = plan->plan->capture.response_cap;
    }
    write_struct(*verdict, answer);
    return TROT_OK;
}

int trot_plan_explain(const trot_plan* plan, const trot_request* request, trot_text request_body,
                      const trot_response* response, trot_text response_body, trot_reply** out,
                      trot_fault* fault) noexcept {
    if (plan == nullptr || request == nullptr || out == nullptr)
        return tell(fault, Code::usage, "trot_plan_explain needs a plan, a request and a place for the reply");
    *out = nullptr;
    return sealed(fault, [&] {
        const trot_request asked = read_struct(*request);
        Exchange exchange;
        exchange.plan = plan->plan;
        exchange.capture.assign(16, '\0');
        exchange.method = view(asked.method);
        exchange.target = view(asked.target);
        exchange.host = view(asked.host);
        exchange.zone = view(asked.zone);
        copy_fields(asked.fields, asked.nfields, exchange.request_fields);
        exchange.request_body = view(request_body);
        if (response != nullptr) {
            const trot_response given = read_struct(*response);
            exchange.status = static_cast<int>(given.status);
            copy_fields(given.fields, given.nfields, exchange.response_fields);
            exchange.response_body = view(response_body);
        }
        std::vector<HookReport> reports;
        const std::lock_guard<std::mutex> hold(plan->explaining);
        Evaluator evaluator;
        const std::vector<Event> events = evaluator.evaluate(exchange, plan->explained, &reports);
        plan->explained.apply(evaluator.memos());
        *out = reply_of(explain_json(exchange, events, reports), "application/json");
        return static_cast<int>(TROT_OK);
    });
}

}  // extern "C"
