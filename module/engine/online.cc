#include "engine/online.h"

#include <algorithm>
#include <atomic>
#include <list>

#include "base/thread.h"
#include "egress/rules.h"
#include "json/pointer.h"
#include "url/tags.h"

namespace trot {
namespace {

constexpr size_t most_threads = 32;

struct Errand {
    TargetOptions options;
    OnlineFinding finding;
};

Errand errand_for(const Subscription& subscription, const CheckedUrl& url) {
    Errand out;
    out.options.url = url;
    // Tags stand behind the host: where the connection leads is the same for all that they become.
    if (has_tags(url.text))
        if (Result<std::string> plain = without_tags(url.text)) out.options.url.text = std::move(plain).value();
    out.options.connect_timeout_ms = subscription.connect_timeout_ms;
    if (Result<std::vector<Network>> networks = networks_of(subscription.allow))
        out.options.allow = std::move(networks).value();
    out.finding.at = subscription.at;
    out.finding.subscription = subscription.name;
    out.finding.url = redacted_url(url.text);
    return out;
}

std::vector<Errand> errands_of(const Plan& plan) {
    std::vector<Errand> out;
    for (const Subscription& subscription : plan.subscriptions) {
        adopt_tls(out.emplace_back(errand_for(subscription, subscription.url)).options, subscription.tls);
        if (!subscription.oauth.set()) continue;
        Errand& token = out.emplace_back(errand_for(subscription, subscription.oauth.token_url));
        token.finding.of_token = true;
    }
    return out;
}

}  // namespace

Result<std::vector<OnlineFinding>> check_online(const Plan& plan, int64_t now_s) {
    const Result<Guard> guard = guard_of(plan);
    if (!guard) return guard.fault();
    std::vector<Errand> errands = errands_of(plan);
    std::atomic<size_t> next{0};
    const auto work = [&] {
        for (size_t i = next++; i < errands.size(); i = next++) {
            Errand& one = errands[i];
            try {
                one.finding.found = probe(one.options, guard.value(), plan.egress.ca_file, now_s);
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
    for (Errand& one : errands) out.push_back(std::move(one.finding));
    return out;
}

std::string online_json(const std::vector<OnlineFinding>& findings) {
    std::string out;
    for (const OnlineFinding& one : findings) {
        out += "{\"at\":" + json_quote(one.at) + ",\"subscription\":" + json_quote(one.subscription) +
               ",\"key\":" + (one.of_token ? "\"token_url\"" : "\"url\"") + ",\"url\":" + json_quote(one.url) +
               ",\"works\":" + (one.found.works ? "true" : "false") + ",\"says\":" + json_quote(one.found.says);
        if (!one.found.right.empty()) out += ",\"right\":" + json_quote(one.found.right);
        if (!one.found.warning.empty()) out += ",\"warning\":" + json_quote(one.found.warning);
        out += "}\n";
    }
    return out;
}

}  // namespace trot
