// trotline status: health in one screen, from the store and from the files that running hosts leave beside it each
// second.
#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "commands.h"
#include "json.h"
#include "record.h"
#include "say.h"
#include "table.h"

namespace trot::cli {
namespace {

// A host writes its file each second: an older one belongs to a host that hangs.
constexpr int64_t fresh_s = 10;

struct HostFile {
    Json facts;
    int64_t age_s = 0;
};

bool alive(int64_t pid) { return pid > 0 && (kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM); }

// The hosts that run. Files of those that died are passed over.
std::vector<HostFile> hosts_of(const std::string& store) {
    std::vector<HostFile> hosts;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(store.c_str()), closedir);
    if (!folder) return hosts;
    while (const dirent* entry = readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        if (name.rfind("status-", 0) != 0 || name.size() < 6 || name.substr(name.size() - 5) != ".json") continue;
        const std::string path = fmt::format("{}/{}", store, name);
        struct stat about {};
        if (stat(path.c_str(), &about) != 0) continue;
        std::string text;
        try {
            text = read_file(path);
        } catch (const Failure&) {
            continue;  // gone between the listing and now: its host has just stopped
        }
        HostFile host{parse_json(text), time(nullptr) - about.st_mtime};
        if (host.facts && alive(number_at(host.facts.get(), "pid"))) hosts.push_back(std::move(host));
    }
    std::sort(hosts.begin(), hosts.end(), [](const HostFile& a, const HostFile& b) {
        return number_at(a.facts.get(), "pid") < number_at(b.facts.get(), "pid");
    });
    return hosts;
}

int64_t counter(const HostFile& host, const char* name) {
    return number_at(json_object_get(host.facts.get(), "counters"), name);
}

// What is wrong with a host; "" when nothing is.
std::string trouble(const HostFile& host) {
    if (host.age_s > fresh_s) return fmt::format("has not said a word for {}", span_text(host.age_s * 1000));
    if (text_at(host.facts.get(), "store") != "ok")
        return fmt::format("its store is {}", text_at(host.facts.get(), "store"));
    const json_t* tokens = json_object_get(json_object_get(host.facts.get(), "dispatcher"), "tokens");
    if (const int64_t failing = number_at(tokens, "failing"); failing > 0)
        return fmt::format("{} OAuth token{} cannot be had, its log says why", failing, failing == 1 ? "" : "s");
    if (counter(host, "quarantined") > 0)
        return fmt::format("{} deliveries or events are quarantined: processes died of them",
                           counter(host, "quarantined"));
    if (counter(host, "dropped") > 0) return fmt::format("{} exchanges were lost", counter(host, "dropped"));
    return {};
}

struct Picture {
    std::string store;
    Record figures, subscriptions;
    std::vector<HostFile> hosts;
    std::vector<std::string> troubles;
};

Picture look(const std::string& store) {
    Picture picture{
        store, query(store, "status", nullptr), query(store, "subscriptions", nullptr), hosts_of(store), {}};
    if (picture.figures.lines.empty())
        throw Failure(exit_unreachable, fmt::format("the store in {} says nothing", store));
    if (picture.hosts.empty()) picture.troubles.emplace_back("no host runs on this store");
    bool led = false;
    for (const HostFile& host : picture.hosts) {
        led = led || counter(host, "leader") > 0;
        const std::string what = trouble(host);
        if (!what.empty())
            picture.troubles.push_back(fmt::format("host {}: {}", number_at(host.facts.get(), "pid"), what));
    }
    if (!picture.hosts.empty() && !led) picture.troubles.emplace_back("no host dispatches: deliveries wait");
    for (const Json& line : picture.subscriptions.lines)
        if (text_at(line.get(), "state") == "disabled")
            picture.troubles.push_back(fmt::format("subscription {} is disabled: {}", text_at(line.get(), "name"),
                                                   text_at(line.get(), "reason")));
    return picture;
}

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

int64_t since_ms(std::string_view rfc3339) {
    tm utc{};
    if (strptime(std::string(rfc3339).c_str(), "%Y-%m-%dT%H:%M:%S", &utc) == nullptr) return 0;
    return (time(nullptr) - timegm(&utc)) * 1000;
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

// What the leader says of an endpoint; null while nobody leads, or when it is one of very many that are well.
const json_t* endpoint_of(const Picture& picture, std::string_view name) {
    for (const HostFile& host : picture.hosts) {
        size_t index = 0;
        const json_t* endpoint = nullptr;
        json_array_foreach(json_object_get(json_object_get(host.facts.get(), "dispatcher"), "list"), index, endpoint) {
            if (counter(host, "leader") > 0 && text_at(endpoint, "name") == name) return endpoint;
        }
    }
    return nullptr;
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
    if (!picture.hosts.empty()) out += print_hosts(picture) + "\n";
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
