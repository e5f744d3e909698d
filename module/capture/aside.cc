#include "capture/aside.h"

#include <charconv>

#include "capture/payload.h"
#include "capture/spill_format.h"
#include "capture/wording.h"
#include "url/target.h"

namespace trot {
namespace {

void say(std::string* why, std::string text) {
    if (why != nullptr) *why = std::move(text);
}

std::optional<std::string> name_of(const Evaluator::Pass& pass, const Hook& hook, Facts& facts, std::string* why) {
    const std::optional<std::string> name = spell_name(hook.known_as, facts);
    if (name) return scoped_name(pass.exchange.plan->contexts[hook.context].scope, *name);
    say(why, "its name " + hook.known_as.spelling + " cannot be told");
    return std::nullopt;
}

Memo memo_of(std::string name, const Exchange& exchange, Waiting waiting) {
    Memo memo;
    memo.kind = Memo::Kind::put_aside;
    memo.name = std::move(name);
    memo.bytes = encode_exchange(exchange, -1);
    memo.waiting = waiting;
    memo.at_ms = exchange.at_ms;
    memo.method = exchange.method;
    memo.path = path_of(exchange.target);
    return memo;
}

// The job's request and the result's answer make one exchange, which happened now: it carries the capture that is being
// recorded, so that an event that is recorded twice is found.
void join(Evaluator::Pass& pass, std::string name, Exchange job, const Exchange& outcome) {
    Memo taken;
    taken.kind = Memo::Kind::take_up;
    taken.name = std::move(name);
    pass.memos.push_back(std::move(taken));
    Joined joined;
    joined.why = "as the result of " + job.method + " " + std::string(path_of(job.target)) + ": ";
    joined.exchange = std::move(job);
    Exchange& one = joined.exchange;
    one.plan = pass.exchange.plan;
    one.capture = pass.exchange.capture;
    one.at_ms = pass.exchange.at_ms;
    one.replayed = pass.exchange.replayed;
    one.status = outcome.status;
    one.response_fields = {{"Content-Type", "application/json"}};
    one.response_body = outcome.response_body;
    one.response_truncated = outcome.response_truncated;
    one.ended_early = outcome.ended_early;
    pass.joined.push_back(std::move(joined));
}

// The exchange that waits under that name, if there is one. False: it cannot be read, and stays as it is.
bool find(Evaluator::Pass& pass, Memory& memory, const std::string& name, Waiting kind, std::optional<Exchange>& out,
          std::string* why) {
    Result<std::optional<std::string>> found = memory.waiting(name, kind);
    if (!found) {
        pass.facts.failed(found.fault());
        return false;
    }
    if (!found.value()) return true;
    Result<SpilledExchange> read = decode_exchange(*found.value());
    if (!read) {
        ++pass.unproven;
        say(why, "what waits as \"" + name + "\" cannot be read: " + read.fault().text);
        return false;
    }
    out = std::move(read.value().exchange);
    return true;
}

// What the result says of the job: an exchange of which only the answer counts.
std::optional<Exchange> outcome_of(Evaluator::Pass& pass, const Hook& hook, std::string* why) {
    Exchange out;
    out.method = pass.exchange.method;
    out.target = path_of(pass.exchange.target);
    out.at_ms = pass.exchange.at_ms;
    out.status = pass.facts.status();
    Source at;
    at.part = Source::Part::response;
    if (!hook.answer_status.empty()) {
        at.key = hook.answer_status;
        const Value value = pass.facts.find(at);
        const std::string text = value.there() ? value.as_text() : std::string();
        const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), out.status);
        if (fault != std::errc() || stop != text.data() + text.size() || out.status < 100 || out.status > 599) {
            say(why, "response:" + hook.answer_status + " is no status");
            return std::nullopt;
        }
    }
    at.key = hook.answer_body;
    const Value body = pass.facts.find(at);
    if (body.json && body.json->kind != JsonKind::null) out.response_body = body.json->raw;
    return out;
}

}  // namespace

size_t put_aside(Evaluator::Pass& pass, const Hook& hook, Memory& memory, std::string* why) {
    const std::optional<std::string> name = name_of(pass, hook, pass.facts, why);
    if (!name) return 0;
    std::optional<Exchange> outcome;
    if (!find(pass, memory, *name, Waiting::result, outcome, why)) return 0;
    if (outcome) {
        say(why, "matched: its result is here already");
        join(pass, *name, pass.exchange, *outcome);
    } else {
        say(why, "matched: waits for its result");
        pass.memos.push_back(memo_of(*name, pass.exchange, Waiting::job));
    }
    return 1;
}

size_t resolve(Evaluator::Pass& pass, const Hook& hook, Memory& memory, std::string* why) {
    const std::optional<std::string> name = name_of(pass, hook, pass.facts, why);
    if (!name) return 0;
    std::optional<Exchange> outcome = outcome_of(pass, hook, why);
    if (!outcome) return 0;
    std::optional<Exchange> job;
    if (!find(pass, memory, *name, Waiting::job, job, why)) return 0;
    if (job) {
        say(why, "matched: the result of " + job->method + " " + std::string(path_of(job->target)) + ", status " +
                     std::to_string(outcome->status));
        join(pass, *name, std::move(*job), *outcome);
        return 1;
    }
    // Of a job from before our time, of one that was told before, or of one that is still on its way here.
    say(why, "no exchange waits for this result; it waits for one");
    pass.memos.push_back(memo_of(*name, *outcome, Waiting::result));
    return 0;
}

size_t remember(Evaluator::Pass& pass, const Hook& hook, std::string_view item, JsonReader& scratch, std::string* why) {
    const std::optional<std::string> name = name_of(pass, hook, pass.facts, why);
    if (!name) return 0;
    Memo memo;
    memo.name = *name;
    memo.at_ms = pass.exchange.at_ms;
    memo.kind = Memo::Kind::forget;
    if (hook.does == Does::remember) {
        Payload state = build_payload(hook, pass.facts, {}, item);
        if (state.flags == 0 && state.text() != "null" && state.text().size() <= max_snapshot) {
            memo.kind = Memo::Kind::remember;
            memo.bytes = take_redacted(std::move(state), pass.exchange.plan->capture.redact, scratch);
        }
    }
    // What changed and cannot be told is not known any more.
    say(why, memo.kind == Memo::Kind::remember ? "matched: remembered" : "matched: forgotten");
    pass.memos.push_back(std::move(memo));
    return 1;
}

}  // namespace trot
