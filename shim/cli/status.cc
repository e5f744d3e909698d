// trotline status: health in one screen, from the store and from the files that running hosts leave beside it each
// second.
#include <fmt/format.h>

#include <ctime>

#include "commands.h"
#include "picture.h"
#include "say.h"
#include "table.h"

namespace trot::cli {
namespace {

std::string print_json(const Picture& picture) {
    const Json out(json_object());
    json_object_set(out.get(), "store", picture.figures.lines.front().get());
    json_object_set_new(json_object_get(out.get(), "store"), "path", json_string(picture.store.c_str()));
    json_t* hosts = json_array();
    for (const HostFile& host : picture.hosts) json_array_append(hosts, host.facts.get());
    json_object_set_new(out.get(), "hosts", hosts);
    json_t* subscriptions = json_array();
    for (const Json& line : picture.subscriptions.lines) json_array_append(subscriptions, line.get());
    json_object_set_new(out.get(), "subscriptions", subscriptions);
    json_t* troubles = json_array();
    for (const std::string& trouble : picture.troubles) json_array_append_new(troubles, json_string(trouble.c_str()));
    json_object_set_new(out.get(), "troubles", troubles);
    return dump_json(out.get());
}

std::string print_hosts(const Picture& picture) {
    Table table{{"HOST", "PID", "UP", "STORE", "DISPATCH", "QUEUE", "RECORDED", "DELIVERED", "FAILED", "DEAD", "LOST",
                 "CONFIGURATION"},
                {},
                {},
                false};
    for (const HostFile& host : picture.hosts) {
        const json_t* facts = host.facts.get();
        const auto figure = [&](const char* name) { return std::to_string(counter(host, name)); };
        table.rows.push_back(
            {std::string(text_at(facts, "host")), std::to_string(number_at(facts, "pid")),
             span_text(since_ms(text_at(facts, "started"))), std::string(text_at(facts, "store")),
             counter(host, "leader") > 0 ? fmt::format("leader, {} in flight", counter(host, "inflight")) : "no",
             fmt::format("{} ({})", counter(host, "queue_count"),
                         size_text(static_cast<uint64_t>(counter(host, "queue_bytes")))),
             figure("recorded"), figure("delivered"), figure("failed"), figure("dead"), figure("dropped"),
             fmt::format("{} (load {})", text_at(facts, "plan"), number_at(facts, "generation"))});
    }
    return table.print();
}

// What became of deliveries besides, and what is on its way; nothing of what is 0.
std::string print_apart(const Picture& picture) {
    static constexpr std::pair<const char*, const char*> counted[] = {{"filtered", "filtered"},
                                                                      {"unshaped", "not shaped"},
                                                                      {"expired", "expired"},
                                                                      {"looped", "stopped in a loop"},
                                                                      {"skipped_own", "skipped as own changes"},
                                                                      {"unhydrated", "not hydrated"},
                                                                      {"throttled", "answered too many"},
                                                                      {"blocked", "blocked by the guard"}};
    static constexpr std::pair<const char*, const char*> now[] = {{"shaping", "being shaped"},
                                                                  {"hydrating", "waiting for the upstream's payload"},
                                                                  {"unwritten", "outcomes unwritten"}};
    std::string out;
    for (const HostFile& host : picture.hosts) {
        std::vector<std::string> parts;
        for (const auto& [key, words] : counted)
            if (const int64_t count = counter(host, key); count > 0)
                parts.push_back(fmt::format("{} {}", count, words));
        const json_t* dispatcher = json_object_get(host.facts.get(), "dispatcher");
        for (const auto& [key, words] : now)
            if (const int64_t count = number_at(dispatcher, key); count > 0)
                parts.push_back(fmt::format("{} {} now", count, words));
        if (!parts.empty())
            out += fmt::format("of {}: {}\n", number_at(host.facts.get(), "pid"), fmt::join(parts, ", "));
    }
    return out;
}

// "100/s", as the configuration spells it.
std::string rate_text(int64_t an_hour) {
    if (an_hour % 3600 == 0) return fmt::format("{}/s", an_hour / 3600);
    return an_hour % 60 == 0 ? fmt::format("{}/m", an_hour / 60) : fmt::format("{}/h", an_hour);
}

// What keeps an endpoint from getting all that it could, and since when.
std::string note_of(const json_t* row, const json_t* endpoint) {
    std::vector<std::string> notes;
    const std::string_view since =
        endpoint != nullptr ? text_at(endpoint, "failing_since") : text_at(row, "failing_since");
    if (!since.empty()) notes.push_back(fmt::format("failing for {}", span_text(since_ms(since))));
    const auto has = [endpoint](const char* key) { return json_object_get(endpoint, key) != nullptr; };
    const auto span = [endpoint](const char* key) { return span_text(number_at(endpoint, key)); };
    if (has("probe_in_ms")) notes.push_back(fmt::format("next probe in {}", span("probe_in_ms")));
    if (has("held_for_ms")) notes.push_back(fmt::format("held by Retry-After for {}", span("held_for_ms")));
    if (has("gap_ms"))
        notes.push_back(fmt::format("paced to one each {} ms", number_at(endpoint, "gap_ms")));
    else if (has("paced_to"))
        notes.push_back(fmt::format("paced to {} in flight", number_at(endpoint, "paced_to")));
    if (has("rate_an_hour")) notes.push_back(fmt::format("rate {}", rate_text(number_at(endpoint, "rate_an_hour"))));
    const std::string_view reason = endpoint != nullptr ? text_at(endpoint, "reason") : text_at(row, "reason");
    if (!reason.empty()) notes.push_back(plain(reason));
    if (has("ask_in_ms")) notes.push_back(fmt::format("asked again in {}", span("ask_in_ms")));
    return notes.empty() ? "-" : fmt::format("{}", fmt::join(notes, ", "));
}

std::string print_endpoints(const Picture& picture) {
    Table table{
        {"SUBSCRIPTION", "STATE", "ENDPOINT", "PENDING", "OLDEST", "DELIVERED", "DEAD", "URL", "NOTE"}, {}, {}, false};
    for (const Json& line : picture.subscriptions.lines) {
        const json_t* row = line.get();
        const json_t* endpoint = endpoint_of(picture, text_at(row, "name"));
        const std::string_view oldest = text_at(row, "oldest_pending");
        table.rows.push_back(
            {plain(text_at(row, "name")), std::string(text_at(row, "state")),
             endpoint != nullptr ? plain(text_at(endpoint, "state")) : "-", std::to_string(number_at(row, "pending")),
             oldest.empty() ? "-" : span_text(since_ms(oldest)), std::to_string(number_at(row, "delivered")),
             std::to_string(number_at(row, "dead")), plain(text_at(row, "url")), note_of(row, endpoint)});
    }
    return table.print();
}

std::string print(const Picture& picture) {
    const json_t* figures = picture.figures.lines.front().get();
    const int64_t jobs = number_at(figures, "jobs");
    std::string waiting = jobs > 0 ? fmt::format("{} jobs without a result, ", jobs) : "";
    if (number_at(figures, "tasks") > 0) waiting += fmt::format("{} tasks, ", number_at(figures, "tasks"));
    // Of those that are pending: they wait for later changes or for company, or behind another one of their resource.
    const int64_t gathering = number_at(figures, "gathering");
    const int64_t queued = number_at(figures, "queued");
    const std::string held = gathering + queued > 0 ? fmt::format(" ({} gathering, {} queued)", gathering, queued) : "";
    std::string out = fmt::format(
        "store  {}: {} events, {} deliveries pending{}, {} events behind, {}{} (+ {} log)\n\n", picture.store,
        number_at(figures, "events"), number_at(figures, "pending"), held, number_at(figures, "unexpanded"), waiting,
        size_text(static_cast<uint64_t>(number_at(figures, "file_bytes"))),
        size_text(static_cast<uint64_t>(number_at(figures, "wal_bytes"))));
    if (!picture.hosts.empty()) out += print_hosts(picture) + print_apart(picture) + "\n";
    if (!picture.subscriptions.lines.empty()) out += print_endpoints(picture) + "\n";
    for (const std::string& trouble : picture.troubles) out += fmt::format("! {}\n", trouble);
    if (picture.troubles.empty()) out += "all is well\n";
    return out;
}

}  // namespace

int status(const StatusArgs& args) {
    const Picture picture = look(store_of(args.where));
    put(args.json ? print_json(picture) + "\n" : print(picture));
    return picture.troubles.empty() ? exit_fine : exit_no;
}

}  // namespace trot::cli
