#include "manage/act_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "crypto/ids.h"
#include "json/tree.h"
#include "manage/times.h"

namespace trot {
namespace {

using Names = std::vector<std::string_view>;

const Names& act_members(std::string_view what) {
    static const Names redeliver{"delivery", "event", "state", "subscription", "topic",
                                 "since",    "until", "to",    "dry_run"};
    static const Names backfill{"subscription", "since", "until", "topic", "event", "dry_run"};
    static const Names cancel{"task", "delivery", "event", "subscription", "topic", "since", "until", "dry_run"};
    static const Names steer{"subscription"};
    static const Names test{"subscription", "topic"};
    if (what == "pause" || what == "resume") return steer;
    if (what == "send-test") return test;
    return what == "redeliver" ? redeliver : what == "backfill" ? backfill : cancel;
}

// Which deliveries may be sent again; the others have their turn to come.
const Names& resendable() {
    static const Names all{"dead", "delivered", "cancelled", "pending"};
    return all;
}

class ActReading {
  public:
    ActReading(std::string_view what, int64_t now_ms) : what_(what), now_ms_(now_ms) {}

    Result<void> take(std::string_view name, const json_t* value) {
        const Names& known = act_members(what_);
        if (std::find(known.begin(), known.end(), name) == known.end())
            return Fault{Code::usage,
                         fmt::format("\"{}\" is no member of {}; there are {}", name, what_, fmt::join(known, ", "))};
        if (name == "dry_run") {
            out.dry_run = json_is_true(value);
            if (json_is_boolean(value)) return {};
            return Fault{Code::usage, "\"dry_run\" must be true or false"};
        }
        if (name == "task") {
            out.end_task = json_integer_value(value);
            if (out.end_task > 0) return {};
            return Fault{Code::usage, "\"task\" must be the number of one; GET /tasks and `trotline tasks` list them"};
        }
        if (!json_is_string(value) || json_string_length(value) == 0)
            return Fault{Code::usage, fmt::format("\"{}\" must be a string, and not empty", name)};
        return take_text(name, {json_string_value(value), json_string_length(value)});
    }

    Result<ActRequest> finish() {
        out.kind = what_;
        if (what_ == "redeliver") return redeliver();
        if (what_ == "backfill") return backfill();
        return what_ == "cancel" ? cancel() : steer();
    }

  private:
    Result<void> take_text(std::string_view name, std::string_view text) {
        if (name == "delivery" || name == "event") {
            const bool delivery = name == "delivery";
            const Result<int64_t> id = read_id(delivery ? delivery_prefix : event_prefix, text);
            if (!id) return Fault{Code::usage, fmt::format("\"{}\": {}", name, id.fault().text)};
            (delivery ? out.filter.delivery : out.filter.event) = id.value();
        } else if (name == "since" || name == "until") {
            const Result<int64_t> at = read_when(name, text, now_ms_);
            if (!at) return at.fault();
            (name == "since" ? out.filter.since_ms : out.filter.until_ms) = at.value();
        } else if (name == "state") {
            out.filter.state = text;
            if (std::find(resendable().begin(), resendable().end(), text) == resendable().end())
                return Fault{Code::usage,
                             fmt::format("\"state\" is {}, it must be one of {}", text, fmt::join(resendable(), ", "))};
        } else if (name == "topic") {
            out.filter.topic = text;
        } else {
            (name == "to" ? to_ : out.subscription) = text;
        }
        return {};
    }

    bool nothing_said() const {
        const TaskFilter& filter = out.filter;
        return filter.delivery == 0 && filter.event == 0 && filter.since_ms == 0 && filter.until_ms == 0 &&
               filter.topic.empty() && filter.state.empty() && out.subscription.empty();
    }

    Result<ActRequest> redeliver() {
        if (!to_.empty()) return replay();
        if (nothing_said())
            return Fault{Code::usage,
                         "say what to send again: a delivery's id, or a filter like state \"dead\" and a subscription"};
        if (out.filter.state.empty() && out.filter.delivery == 0) out.filter.state = "dead";
        return std::move(out);
    }

    Result<ActRequest> replay() {
        if (out.filter.delivery != 0 || !out.filter.state.empty() || !out.subscription.empty())
            return Fault{Code::usage,
                         "\"to\" sends recorded events: they are chosen by topic, event, since and until, not by "
                         "delivery, state or subscription"};
        if (out.filter.since_ms == 0 && out.filter.event == 0)
            return Fault{Code::usage, "say since when events shall be sent once more, or which one: since or event"};
        out.kind = "replay";
        out.subscription = to_;
        return std::move(out);
    }

    Result<ActRequest> backfill() {
        if (out.subscription.empty())
            return Fault{Code::usage, "say which subscription shall get what was recorded before"};
        if (out.filter.since_ms == 0 && out.filter.event == 0)
            return Fault{Code::usage, "say since when, like \"24h\": since"};
        return std::move(out);
    }

    Result<ActRequest> cancel() {
        if (out.end_task != 0 && !nothing_said())
            return Fault{Code::usage, "either a task is cancelled, or the deliveries that fit a filter"};
        if (out.end_task == 0 && nothing_said())
            return Fault{Code::usage, "say what to cancel: a task, a delivery's id, or a filter like a subscription"};
        return std::move(out);
    }

    Result<ActRequest> steer() {
        if (out.subscription.empty())
            return Fault{Code::usage, "say which subscription: its name, as `trotline subscriptions` lists it"};
        return std::move(out);
    }

    std::string_view what_;
    int64_t now_ms_;
    std::string to_;

  public:
    ActRequest out;
};

}  // namespace

Result<ActRequest> read_act(std::string_view what, std::string_view json, int64_t now_ms) {
    const Result<Json> parsed = parse_json(json);
    if (!parsed) return Fault{Code::usage, "the request is no JSON: " + parsed.fault().text};
    if (!json_is_object(parsed.value().get())) return Fault{Code::usage, "the request must be a JSON object"};
    ActReading reading(what, now_ms);
    const char* name = nullptr;
    json_t* value = nullptr;
    json_object_foreach(parsed.value().get(), name, value) {
        if (Result<void> taken = reading.take(name, value); !taken) return taken.fault();
    }
    return reading.finish();
}

}  // namespace trot
