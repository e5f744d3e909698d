#include "picture.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <memory>

#include "say.h"
#include "table.h"

namespace trot::cli {
namespace {

// A host writes its file each second: an older one belongs to a host that hangs.
constexpr int64_t fresh_s = 10;

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

}  // namespace

int64_t counter(const HostFile& host, const char* name) {
    return number_at(json_object_get(host.facts.get(), "counters"), name);
}

int64_t since_ms(std::string_view rfc3339) {
    tm utc{};
    if (strptime(std::string(rfc3339).c_str(), "%Y-%m-%dT%H:%M:%S", &utc) == nullptr) return 0;
    return (time(nullptr) - timegm(&utc)) * 1000;
}

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

namespace {

constexpr int64_t longest_outage_ms = 5 * 60000;  // of an endpoint: then somebody should look
constexpr size_t most_named = 10;

using Troubles = std::vector<std::string>;

// What is wrong with a host.
void add_host(Troubles& out, const HostFile& host) {
    const json_t* facts = host.facts.get();
    const auto add = [&](const std::string& what) {
        out.push_back(fmt::format("host {}: {}", number_at(facts, "pid"), what));
    };
    if (host.age_s > fresh_s) return add(fmt::format("has not said a word for {}", span_text(host.age_s * 1000)));
    if (text_at(facts, "store") != "ok") return add(fmt::format("its store is {}", text_at(facts, "store")));
    const json_t* tokens = json_object_get(json_object_get(facts, "dispatcher"), "tokens");
    if (const int64_t failing = number_at(tokens, "failing"); failing > 0)
        add(fmt::format("{} OAuth token{} cannot be had, its log says why", failing, failing == 1 ? "" : "s"));
    if (const int64_t events = counter(host, "quarantined_events"); events > 0)
        add(fmt::format("{} events are quarantined: processes died of them", events));
    if (counter(host, "dropped") > 0) add(fmt::format("{} exchanges were lost", counter(host, "dropped")));
}

// Of those that fail or give no consent; "" of the others.
std::string trouble_of(const json_t* endpoint) {
    const std::string name = plain(text_at(endpoint, "name"));
    const std::string_view state = text_at(endpoint, "state");
    if (state == "unconsented" && number_at(endpoint, "refusals") > 0)
        return fmt::format("endpoint {} gets nothing: {}", name, plain(text_at(endpoint, "reason")));
    const std::string_view since = text_at(endpoint, "failing_since");
    const int64_t failing_ms = since.empty() ? 0 : since_ms(since);
    if (state != "open" || failing_ms <= longest_outage_ms) return {};
    return fmt::format("endpoint {} has failed for {}; only probes are sent", name, span_text(failing_ms));
}

void add_endpoints(Troubles& out, const HostFile& host) {
    if (counter(host, "leader") == 0) return;
    size_t found = 0;
    size_t index = 0;
    const json_t* endpoint = nullptr;
    json_array_foreach(json_object_get(json_object_get(host.facts.get(), "dispatcher"), "list"), index, endpoint) {
        std::string what = trouble_of(endpoint);
        if (!what.empty() && ++found <= most_named) out.push_back(std::move(what));
    }
    if (found > most_named)
        out.push_back(fmt::format("{} endpoints more that fail or gave no consent", found - most_named));
}

void add_store(Troubles& out, const json_t* figures) {
    if (const int64_t dead = number_at(figures, "dead_last_hour"); dead > 0)
        out.push_back(fmt::format("{} deliver{} given up in the last hour; `trotline deliveries --state dead` says why",
                                  dead, dead == 1 ? "y was" : "ies were"));
    if (const int64_t count = number_at(figures, "quarantined"); count > 0)
        out.push_back(fmt::format(
            "{} deliver{} quarantined: processes died of {}; `trotline redeliver` sends {} "
            "nevertheless",
            count, count == 1 ? "y is" : "ies are", count == 1 ? "it" : "them", count == 1 ? "it" : "them"));
}

}  // namespace

Picture look(const std::string& store) {
    Picture picture{
        store, query(store, "status", nullptr), query(store, "subscriptions", nullptr), hosts_of(store), {}};
    if (picture.figures.lines.empty())
        throw Failure(exit_unreachable, fmt::format("the store in {} says nothing", store));
    Troubles& troubles = picture.troubles;
    if (picture.hosts.empty()) troubles.emplace_back("no host runs on this store");
    bool led = false;
    for (const HostFile& host : picture.hosts) {
        led = led || counter(host, "leader") > 0;
        add_host(troubles, host);
    }
    if (!picture.hosts.empty() && !led) troubles.emplace_back("no host dispatches: deliveries wait");
    for (const Json& line : picture.subscriptions.lines)
        if (text_at(line.get(), "state") == "disabled")
            troubles.push_back(fmt::format("subscription {} is disabled: {}; `trotline resume {}` when it is mended",
                                           plain(text_at(line.get(), "name")), plain(text_at(line.get(), "reason")),
                                           plain(text_at(line.get(), "name"))));
    for (const HostFile& host : picture.hosts) add_endpoints(troubles, host);
    add_store(troubles, picture.figures.lines.front().get());
    return picture;
}

}  // namespace trot::cli
