#include "engine/report.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "json/pointer.h"

namespace trot {
namespace {

struct Figure {
    std::string_view name, help;
    bool gauge;
    const Counters::N Counters::*value;
};

constexpr Figure figures[] = {
    {"captured", "exchanges handed to the recorder", false, &Counters::captured},
    {"recorded", "events durable in the store", false, &Counters::recorded},
    {"no_event", "captured exchanges whose hooks said no", false, &Counters::no_event},
    {"spilled", "exchanges written to the spill file because the store was sick", false, &Counters::spilled},
    {"replayed", "exchanges taken back from the spill file", false, &Counters::replayed},
    {"dropped", "exchanges lost because neither store, spill file nor memory could take them", false,
     &Counters::dropped},
    {"refused", "exchanges not captured or turned away because nothing could take them", false, &Counters::refused},
    {"abandoned", "captures given up because the answer was no success", false, &Counters::abandoned},
    {"unproven", "hooks not applied because the body they ask about could not be read", false, &Counters::unproven},
    {"damaged", "spilled exchanges that could not be taken back", false, &Counters::damaged},
    {"jobs", "exchanges put aside until the result of their job goes by", false, &Counters::jobs},
    {"jobs_resolved", "jobs whose result went by", false, &Counters::jobs_resolved},
    {"jobs_unresolved", "jobs given up because no result went by in time", false, &Counters::jobs_unresolved},
    {"queue_bytes", "bytes of exchanges that wait for the recorder", true, &Counters::queue_bytes},
    {"queue_count", "exchanges that wait for the recorder", true, &Counters::queue_count},
    {"commits", "transactions committed", false, &Counters::commits},
    {"commit_microseconds", "time spent in commits", false, &Counters::commit_us},
    {"store_faults", "failed commits", false, &Counters::store_faults},
    {"expanded", "deliveries made from events", false, &Counters::expanded},
    {"coalesced", "events that joined a delivery which waited for later changes", false, &Counters::coalesced},
    {"batches", "HTTP tries that carried a batch", false, &Counters::batches},
    {"attempts", "HTTP tries", false, &Counters::attempts},
    {"delivered", "deliveries answered 2xx", false, &Counters::delivered},
    {"failed", "tries without a 2xx", false, &Counters::failed},
    {"dead", "deliveries given up", false, &Counters::dead},
    {"quarantined", "deliveries and events put aside because processes ended with them in hand", false,
     &Counters::quarantined},
    {"quarantined_events", "of these: events", false, &Counters::quarantined_events},
    {"blocked", "tries that the guard refused", false, &Counters::blocked},
    {"skipped_own", "deliveries not made because the subscription made the change itself", false,
     &Counters::skipped_own},
    {"looped", "deliveries not made because deliveries led to the change", false, &Counters::looped},
    {"throttled", "tries answered too many requests: 429, and 503 with Retry-After", false, &Counters::throttled},
    {"expired", "deliveries given up because their event was older than max_age", false, &Counters::expired},
    {"opened", "circuit breakers that opened", false, &Counters::opened},
    {"disabled", "subscriptions disabled", false, &Counters::disabled},
    {"recovered", "endpoints that answer again after their breaker was open or they were disabled", false,
     &Counters::recovered},
    {"hydrated", "events whose payload was fetched from the upstream", false, &Counters::hydrated},
    {"unhydrated", "events sent as they were recorded because the upstream did not tell", false, &Counters::unhydrated},
    {"filtered", "deliveries that the subscription's jq program did not want", false, &Counters::filtered},
    {"unshaped", "deliveries given up because their payload could not be made", false, &Counters::unshaped},
    {"leader", "1 while this process dispatches", true, &Counters::leader},
    {"inflight", "tries on the wire", true, &Counters::inflight},
};

std::string status_path(const std::string& store_path, std::string_view suffix) {
    return fmt::format("{}/status-{}.json{}", store_path, getpid(), suffix);
}

}  // namespace

std::string report_json(const ReportFacts& facts, const Counters& counters) {
    std::string out = fmt::format(
        R"({{"pid":{},"host":{},"plan":{},"generation":{},"started":"{}","now":"{}","store":"{}","counters":{{)",
        getpid(), json_quote(facts.host), json_quote(facts.plan), facts.generation, rfc3339(facts.started_ms),
        rfc3339(facts.now_ms),
        !facts.store_open ? "closed"
        : facts.healthy   ? "ok"
                          : "sick");
    bool first = true;
    for (const Figure& figure : figures) {
        out += fmt::format("{}\"{}\":{}", first ? "" : ",", figure.name,
                           (counters.*figure.value).load(std::memory_order_relaxed));
        first = false;
    }
    return out + "},\"dispatcher\":" + (facts.dispatcher.empty() ? "null" : facts.dispatcher) + "}";
}

namespace {

void add_gauge(std::string& out, std::string_view name, std::string_view help, uint64_t value) {
    out += fmt::format("# HELP trotline_{0} {1}\n# TYPE trotline_{0} gauge\ntrotline_{0} {2}\n", name, help, value);
}

using Parts = std::vector<std::pair<std::string_view, uint64_t>>;

void add_states(std::string& out, std::string_view name, std::string_view help, const Parts& parts) {
    out += fmt::format("# HELP trotline_{0} {1}\n# TYPE trotline_{0} gauge\n", name, help);
    for (const auto& [state, count] : parts) out += fmt::format("trotline_{}{{state=\"{}\"}} {}\n", name, state, count);
}

void add_store(std::string& out, const StoreGauges& store, int64_t now_ms) {
    const SubscriptionFigures& figures = store.subscriptions;
    const int64_t late_ms = figures.oldest_due_ms > 0 ? now_ms - figures.oldest_due_ms : 0;
    add_gauge(out, "deliveries_pending", "deliveries that have not ended, gathering and queued ones among them",
              store.status.pending);
    add_gauge(out, "deliveries_gathering", "of these: they wait for later changes or for company",
              store.status.gathering);
    add_gauge(out, "deliveries_queued", "of these: they wait behind another one of their resource",
              store.status.queued);
    add_gauge(out, "oldest_pending_seconds", "for how long the oldest delivery of an active subscription has been due",
              static_cast<uint64_t>(std::max<int64_t>(0, late_ms) / 1000));
    add_gauge(out, "events_unexpanded", "events whose deliveries are not made yet", store.status.unexpanded);
    add_gauge(out, "tasks", "what was asked for (redeliver, backfill, cancel) and has not ended", store.status.tasks);
    add_states(out, "subscriptions", "subscriptions by state",
               {{"active", figures.active}, {"paused", figures.paused}, {"disabled", figures.disabled}});
}

// The dispatcher tells it as JSON, once a second; all 0 where another process leads.
void add_dispatcher(std::string& out, const std::string& json) {
    JsonReader told;
    told.load(json);
    const auto figure = [&told](const std::string& pointer) {
        const std::string_view raw = told.find(pointer).raw;
        uint64_t value = 0;
        std::from_chars(raw.data(), raw.data() + raw.size(), value);
        return value;
    };
    Parts breakers;
    for (const std::string_view state : {"closed", "returning", "open", "probing"})
        breakers.emplace_back(state, figure("/breakers/" + std::string(state)));
    add_states(out, "endpoints", "endpoints by their circuit breaker's state", breakers);
    add_gauge(out, "endpoints_unconsented", "endpoints that have been asked for consent and have not given it",
              figure("/refused"));
    add_gauge(out, "oauth_tokens_failing", "OAuth tokens whose last fetch failed", figure("/tokens/failing"));
    add_gauge(out, "shaping", "deliveries whose payload is being made", figure("/shaping"));
    add_gauge(out, "hydrating", "events that wait for the payload that the upstream is asked for",
              figure("/hydrating"));
    add_gauge(out, "unwritten_outcomes", "attempts that have ended and whose outcome is not in the store yet",
              figure("/unwritten"));
}

}  // namespace

std::string report_metrics(const ReportFacts& facts, const Counters& counters,
                           const std::optional<StoreGauges>& store) {
    std::string out;
    for (const Figure& figure : figures) {
        const std::string name = fmt::format("trotline_{}{}", figure.name, figure.gauge ? "" : "_total");
        out += fmt::format("# HELP {} {}\n# TYPE {} {}\n{} {}\n", name, figure.help, name,
                           figure.gauge ? "gauge" : "counter", name,
                           (counters.*figure.value).load(std::memory_order_relaxed));
    }
    out += fmt::format(
        "# HELP trotline_store_healthy 1 while commits succeed\n# TYPE trotline_store_healthy "
        "gauge\ntrotline_store_healthy {}\n"
        "# HELP trotline_plan_generation loads of the configuration in this process\n# TYPE trotline_plan_generation "
        "gauge\n"
        "trotline_plan_generation {}\n",
        facts.store_open && facts.healthy ? 1 : 0, facts.generation);
    if (store) add_store(out, *store, facts.now_ms);
    add_dispatcher(out, facts.dispatcher);
    return out;
}

Result<void> write_status_file(const std::string& store_path, const std::string& json) {
    const std::string path = status_path(store_path, "");
    const std::string fresh = status_path(store_path, ".new");
    const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return Fault{Code::store, fresh + ": " + strerror(errno)};
    const bool whole = write(fd, json.data(), json.size()) == static_cast<ssize_t>(json.size());
    close(fd);
    if (!whole || rename(fresh.c_str(), path.c_str()) != 0) {
        const Fault fault{Code::store, fresh + ": " + strerror(errno)};
        unlink(fresh.c_str());
        return fault;
    }
    return {};
}

void remove_status_file(const std::string& store_path) { unlink(status_path(store_path, "").c_str()); }

}  // namespace trot
