#include "engine/online.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <map>
#include <optional>

#include "base/thread.h"
#include "dispatch/managed.h"
#include "egress/rules.h"
#include "json/pointer.h"
#include "plan/adopt.h"
#include "plan/subscription_json.h"
#include "store/store.h"
#include "url/tags.h"

namespace trot {
namespace {

constexpr size_t most_threads = 32;

struct Errand {
    TargetOptions options;
    OnlineFinding finding;
    std::string_view place = "the subscription";  // who has the key `allow`
    size_t more = 0;                              // subscriptions of the same API with this endpoint
};

Errand errand_for(const Subscription& subscription, const CheckedUrl& url, std::string key) {
    Errand out;
    out.options.url = url;
    // Tags stand behind the host: where the connection leads is the same for all that they become.
    if (has_tags(url.text))
        if (Result<std::string> plain = without_tags(url.text)) out.options.url.text = std::move(plain).value();
    out.options.connect_timeout_ms = subscription.connect_timeout_ms;
    if (Result<std::vector<Network>> networks = networks_of(subscription.allow))
        out.options.allow = std::move(networks).value();
    if (key == "url") adopt_tls(out.options, subscription.tls);
    out.finding.at = subscription.at;
    out.finding.subscription = subscription.name;
    out.finding.of = "subscription \"" + subscription.name + "\"";
    out.finding.key = std::move(key);
    out.finding.url = redacted_url(url.text);
    return out;
}

void add_files(const Plan& plan, std::vector<Errand>& out) {
    for (const Subscription& subscription : plan.subscriptions) {
        out.push_back(errand_for(subscription, subscription.url, "url"));
        if (subscription.oauth.set())
            out.push_back(errand_for(subscription, subscription.oauth.token_url, "token_url"));
    }
}

// The application itself: the configuration names it, the guard has no say.
void add_upstream(const Plan& plan, std::vector<Errand>& out) {
    if (!plan.hydrate.set()) return;
    Errand& one = out.emplace_back();
    const std::string& text = plan.hydrate.upstream;
    if (Result<CheckedUrl> checked = check_url(text + "/", plan.egress.urls))
        one.options.url = std::move(checked).value();
    else
        one.options.url.text = text + "/";  // on a port that no delivery may go to
    one.options.url.https = text.substr(0, 8) == "https://";
    one.options.upstream = true;
    one.options.ca_file = plan.hydrate.ca_file;
    one.options.verify = plan.hydrate.verify;
    one.finding.at = plan.source;
    one.finding.of = "[hydrate]";
    one.finding.key = "upstream";
    one.finding.url = text;
}

// As the dispatcher reads it. Nothing: it cannot be delivered to, or it has gone meanwhile.
std::optional<Subscription> made_by(const ApiConfig& api, const SubscriptionRow& row, const Plan& plan,
                                    Reader& reader) {
    const Result<ManagedRow> managed = reader.managed(row.number);
    if (!managed) return std::nullopt;
    Result<Subscription> settings = read_settings(managed.value().settings, plan.egress.urls);
    if (!settings) return std::nullopt;
    adopt_rules(settings.value(), plan);
    adopt_api(settings.value(), api);
    settings.value().name = api.name + "/" + row.name;
    settings.value().at = api.at;
    return std::move(settings).value();
}

// What the store knows of them, by endpoint: there may be 100,000 of a few receivers.
Result<void> add_made(const Plan& plan, std::vector<Errand>& out) {
    Result<std::unique_ptr<Reader>> reader = open_reader(plan.store.path);
    if (!reader) return reader.fault().code == Code::not_found ? Result<void>() : reader.fault();
    const Result<std::vector<SubscriptionRow>> rows = reader.value()->managed_after(-1);
    if (!rows) return rows.fault();
    std::map<std::string, size_t> known;
    for (const SubscriptionRow& row : rows.value()) {
        const ApiConfig* api = row.state == SubscriptionState::active ? api_of(plan, row.origin) : nullptr;
        if (api == nullptr) continue;
        const std::optional<Subscription> made = made_by(*api, row, plan, *reader.value());
        if (!made) continue;
        const CheckedUrl& url = made->url;
        const auto [at, fresh] = known.emplace(
            api->name + (url.https ? " https " : " http ") + url.host + " " + std::to_string(url.port), out.size());
        if (!fresh) {
            ++out[at->second].more;
            continue;
        }
        out.push_back(errand_for(*made, url, "url"));
        out.back().place = "the [[api]]";
    }
    for (Errand& one : out)
        if (one.more > 0) one.finding.of += " and " + std::to_string(one.more) + " more";
    return {};
}

void add_apis(const Plan& plan, std::vector<Errand>& out) {
    for (const ApiConfig& api : plan.apis) {
        if (!api.oauth.set()) continue;
        Subscription any;
        any.at = api.at;
        any.allow = api.allow;
        Errand& token = out.emplace_back(errand_for(any, api.oauth.token_url, "token_url"));
        token.finding.of = "API \"" + api.name + "\"";
        token.place = "the [[api]]";
    }
}

}  // namespace

Result<std::vector<OnlineFinding>> check_online(const Plan& plan, int64_t now_s) {
    const Result<Guard> guard = guard_of(plan);
    if (!guard) return guard.fault();
    std::vector<Errand> errands;
    add_files(plan, errands);
    add_upstream(plan, errands);
    add_apis(plan, errands);
    const Result<void> made = plan.apis.empty() ? Result<void>() : add_made(plan, errands);
    std::atomic<size_t> next{0};
    const auto work = [&] {
        for (size_t i = next++; i < errands.size(); i = next++) {
            Errand& one = errands[i];
            try {
                one.finding.found = probe(one.options, guard.value(), plan.egress.ca_file, one.place, now_s);
            } catch (const std::bad_alloc&) {
                one.finding.found.says = "not enough memory to look";
            }
        }
    };
    std::list<Thread> threads(std::min(most_threads, errands.size()));
    for (Thread& thread : threads)
        if (!thread.start("trot-probe", work)) break;  // the others, or this one, do its part
    work();
    threads.clear();  // joins them
    std::vector<OnlineFinding> out;
    out.reserve(errands.size() + 1);
    for (Errand& one : errands) out.push_back(std::move(one.finding));
    if (!made) {
        OnlineFinding& store = out.emplace_back();
        store.at = plan.source;
        store.key = "store";
        store.url = plan.store.path;
        store.found = {true, "subscriptions that APIs made are not looked at: " + made.fault().text, "", ""};
    }
    return out;
}

std::string online_json(const std::vector<OnlineFinding>& findings) {
    std::string out;
    for (const OnlineFinding& one : findings) {
        out += "{\"at\":" + json_quote(one.at);
        if (!one.subscription.empty()) out += ",\"subscription\":" + json_quote(one.subscription);
        out += ",\"of\":" + json_quote(one.of) + ",\"key\":" + json_quote(one.key) + ",\"url\":" + json_quote(one.url) +
               ",\"works\":" + (one.found.works ? "true" : "false") + ",\"says\":" + json_quote(one.found.says);
        if (!one.found.right.empty()) out += ",\"right\":" + json_quote(one.found.right);
        if (!one.found.warning.empty()) out += ",\"warning\":" + json_quote(one.found.warning);
        out += "}\n";
    }
    return out;
}

}  // namespace trot
