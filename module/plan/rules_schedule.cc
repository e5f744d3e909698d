// When a delivery is tried again, and for how long an attempt may take.
#include <fmt/format.h>

#include "plan/delivery_rules.h"
#include "plan/schedules.h"

namespace trot {
namespace {

constexpr int64_t second_ms = 1000;
constexpr int64_t minute_ms = 60 * second_ms;
constexpr int64_t hour_ms = 60 * minute_ms;
constexpr int64_t day_ms = 24 * hour_ms;
constexpr size_t most_attempts = 100;

void read_named(const RawValue& schedule, Report& report, std::vector<int64_t>& out) {
    std::vector<std::string_view> names;
    for (const NamedSchedule& named : named_schedules()) {
        names.push_back(named.name);
        if (named.name != schedule.text) continue;
        out = named.waits_ms;
        return;
    }
    const std::string_view near = nearest(schedule.text, names);
    report.mistake(
        schedule.at,
        fmt::format("'schedule' is {}, {}", quoted(schedule.text),
                    near.empty() ? fmt::format("it must be a list of waits like [\"5s\", \"5m\"] or one of: {}",
                                               fmt::join(names, ", "))
                                 : fmt::format("did you mean \"{}\"?", near)));
}

void read_waits(const RawValue& schedule, Report& report, std::vector<int64_t>& out) {
    if (schedule.kind == RawValue::Kind::text) return read_named(schedule, report, out);
    if (schedule.kind != RawValue::Kind::list) {
        wrong_type(schedule, "schedule", "a name like \"standard\" or a list of waits like [\"5s\", \"5m\", \"1h\"]",
                   report);
        return;
    }
    if (schedule.list.size() >= most_attempts)
        report.mistake(schedule.at, fmt::format("'schedule' has {} waits, it must be fewer than {}",
                                                schedule.list.size(), most_attempts));
    out.clear();
    for (const RawValue& wait : schedule.list) {
        int64_t ms = 0;
        if (read_duration(wait, "schedule", ms, 50, 30 * day_ms, report)) out.push_back(ms);
    }
}

void read_jitter(Section& section, Subscription& out) {
    std::string name = out.jitter == Jitter::full ? "full" : out.jitter == Jitter::equal ? "equal" : "none";
    if (!section.choice("jitter", name, {"full", "equal", "none"})) return;
    out.jitter = name == "full" ? Jitter::full : name == "equal" ? Jitter::equal : Jitter::none;
}

void read(Section& section, Loading& load, Subscription& out) {
    if (const RawValue* schedule = section.find("schedule")) read_waits(*schedule, load.report, out.schedule_ms);
    read_jitter(section, out);
    section.duration_or_none("max_age", out.max_age_ms, second_ms, 365 * day_ms);
    section.duration("timeout", out.timeout_ms, 100, minute_ms);
    section.duration("connect_timeout", out.connect_timeout_ms, 10, minute_ms);
}

}  // namespace

// Standard Webhooks: attempts at 0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h; here as the waits between
// them.
std::vector<int64_t> default_schedule() {
    return {5 * second_ms, 5 * minute_ms, 30 * minute_ms, 2 * hour_ms, 5 * hour_ms,
            10 * hour_ms,  14 * hour_ms,  20 * hour_ms,   24 * hour_ms};
}

const RuleGroup& schedule_rules() {
    static const RuleGroup group{{"schedule", "jitter", "max_age", "timeout", "connect_timeout"}, read};
    return group;
}

}  // namespace trot
