// When an endpoint counts as sick, how fast it is asked, and when it is left alone.
#include <fmt/format.h>

#include <charconv>

#include "plan/delivery_rules.h"

namespace trot {
namespace {

constexpr int64_t second_ms = 1000;
constexpr int64_t hour_ms = 3600 * second_ms;
constexpr uint64_t most_a_second = 1000000;

// "100/s", "30/m", "5/h" → attempts an hour; 0: nonsense.
uint64_t rate_of(std::string_view text) {
    uint64_t count = 0;
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (fault != std::errc() || count == 0 || count > most_a_second * 3600) return 0;
    const std::string_view unit = text.substr(static_cast<size_t>(stop - text.data()));
    const uint64_t times = unit == "/s" ? 3600 : unit == "/m" ? 60 : unit == "/h" ? 1 : 0;
    return count * times <= most_a_second * 3600 ? count * times : 0;
}

void read_rate(const RawValue& rate, Report& report, uint64_t& out) {
    if (rate.kind == RawValue::Kind::text && rate.text == "none") {
        out = 0;
        return;
    }
    const uint64_t read = rate.kind == RawValue::Kind::text ? rate_of(rate.text) : 0;
    if (read == 0)
        report.mistake(rate.at, fmt::format("'rate' is {}, it must be attempts in a time like \"100/s\", \"30/m\", "
                                            "\"5/h\" (at most 1000000/s), or \"none\"",
                                            rate.kind == RawValue::Kind::text ? quoted(rate.text) : rate.text));
    else
        out = read;
}

void read_breaker(const RawValue& breaker, Report& report, HealthRules& out) {
    if (breaker.kind == RawValue::Kind::boolean && !breaker.boolean) {
        out.trip_row = out.trip_percent = 0;
        return;
    }
    if (breaker.kind != RawValue::Kind::table) {
        wrong_type(breaker, "breaker", "a table like { failures = 10, percent = 50, pause = \"1m\" }, or false",
                   report);
        return;
    }
    static const KeyList keys{"breaker", {"failures", "percent", "pause"}};
    Section section(breaker, keys, report, nullptr);
    section.number("failures", out.trip_row, 0, 1000000);
    section.number("percent", out.trip_percent, 0, 100);
    section.duration("pause", out.longest_pause_ms, second_ms, 24 * hour_ms);
}

void read(Section& section, Loading& load, Subscription& out) {
    HealthRules& health = out.health;
    section.number("concurrency", out.concurrency, 1, 1024);
    if (const RawValue* breaker = section.find("breaker")) read_breaker(*breaker, load.report, health);
    if (const RawValue* rate = section.find("rate")) read_rate(*rate, load.report, health.rate);
    section.number("burst", health.burst, 0, 1000000);
    std::string share = health.share_origin ? "origin" : "none";
    if (section.choice("share", share, {"origin", "none"})) health.share_origin = share == "origin";
    section.flag("adaptive", health.adaptive);
    section.number("disable_after", out.disable_after, 0, 1000000);
    section.duration_or_none("disable_after_age", health.disable_after_ms, 60 * second_ms, 365 * 24 * hour_ms);
}

}  // namespace

const RuleGroup& health_rules() {
    static const RuleGroup group{
        {"concurrency", "breaker", "rate", "burst", "share", "adaptive", "disable_after", "disable_after_age"}, read};
    return group;
}

}  // namespace trot
