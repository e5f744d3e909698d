#include <fmt/format.h>

#include <algorithm>

#include "plan/delivery_rules.h"

namespace trot {
namespace {

constexpr int64_t second_ms = 1000;
constexpr int64_t hour_ms = 3600 * second_ms;
constexpr int64_t default_window_ms = 30 * second_ms;
constexpr unsigned most_members = 500;

// `false` switches off what [delivery] says for all.
bool is_off(const RawValue& value) { return value.kind == RawValue::Kind::boolean && !value.boolean; }

void read_coalesce(const RawValue& value, Report& report, CoalesceRules& out) {
    static const KeyList keys{"delivery.coalesce", {"quiet", "most"}};
    out = {};
    if (is_off(value)) return;
    if (value.kind != RawValue::Kind::table)
        return wrong_type(value, "coalesce", "{ quiet = \"2s\", most = \"30s\" }, or false", report);
    Section section(value, keys, report, nullptr);
    CoalesceRules rules;
    if (section.find("quiet") == nullptr) {
        report.mistake(value.at,
                       "'coalesce' has no 'quiet', write how long a resource must be left alone, like "
                       "{ quiet = \"2s\" }");
        return;
    }
    if (!section.duration("quiet", rules.quiet_ms, 10, hour_ms)) return;
    rules.most_ms = std::max(default_window_ms, rules.quiet_ms);
    const RawValue* most = section.find("most");
    if (most != nullptr && !section.duration("most", rules.most_ms, 10, 24 * hour_ms)) return;
    if (rules.most_ms < rules.quiet_ms)
        return report.mistake(most->at,
                              "'most' is shorter than 'quiet', it must be at least as long: a delivery goes out "
                              "when either is over");
    out = rules;
}

void read_batch(const RawValue& value, Loading& load, const Subscription& subscription, BatchRules& out) {
    static const KeyList keys{"delivery.batch", {"most", "wait"}};
    out = {};
    if (is_off(value)) return;
    if (value.kind != RawValue::Kind::table)
        return wrong_type(value, "batch", "{ most = 100, wait = \"1s\" }, or false", load.report);
    Section section(value, keys, load.report, nullptr);
    BatchRules rules{100, second_ms};
    if (section.find("most") != nullptr && !section.number("most", rules.most, 2, most_members)) return;
    if (section.find("wait") != nullptr && !section.duration("wait", rules.wait_ms, 1, hour_ms)) return;
    if (load.words.batches && !load.words.batches(subscription.format, subscription.options))
        return load.report.mistake(value.at,
                                   fmt::format("format \"{}\" sends one delivery in a request, 'batch' cannot "
                                               "be had with it: remove it, or choose a format like \"standard\"",
                                               subscription.format));
    out = rules;
}

void read(Section& section, Loading& load, Subscription& out) {
    std::string order = out.order == Order::resource ? "resource" : "none";
    if (section.choice("order", order, {"none", "resource"}))
        out.order = order == "resource" ? Order::resource : Order::none;
    if (const RawValue* coalesce = section.find("coalesce")) read_coalesce(*coalesce, load.report, out.coalesce);
    if (const RawValue* batch = section.find("batch")) read_batch(*batch, load, out, out.batch);
}

}  // namespace

const RuleGroup& order_rules() {
    static const RuleGroup group{{"order", "coalesce", "batch"}, read};
    return group;
}

}  // namespace trot
