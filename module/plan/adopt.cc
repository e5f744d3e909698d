#include "plan/adopt.h"

#include <algorithm>

namespace trot {

void adopt_rules(Subscription& out, const Plan& plan) {
    const Subscription& all = plan.delivery;
    const auto said = [&plan](std::string_view key) {
        return std::find(plan.delivery_says.begin(), plan.delivery_says.end(), key) != plan.delivery_says.end();
    };
    // Without waits it is one whose client asked for a single attempt (DatoCMS's auto_retry): that is its to say.
    if (said("schedule") && !out.schedule_ms.empty()) out.schedule_ms = all.schedule_ms;
    if (said("timeout")) out.timeout_ms = all.timeout_ms;
    if (said("connect_timeout")) out.connect_timeout_ms = all.connect_timeout_ms;
    if (said("disable_after")) out.disable_after = all.disable_after;
    out.jitter = all.jitter;
    out.max_age_ms = all.max_age_ms;
    out.concurrency = all.concurrency;
    out.health = all.health;
    out.order = all.order;
    out.coalesce = all.coalesce;
    out.consent_origin = all.consent_origin;
    out.trace = all.trace;
    out.max_hops = all.max_hops;
    out.own = all.own;
    out.tls = all.tls;
    out.filter = all.filter;
    out.shape = all.shape;
}

void adopt_api(Subscription& out, const ApiConfig& api) {
    out.allow = api.allow;
    const bool has_one = !out.authorization.empty() || find_field(out.headers, "Authorization") != nullptr;
    if (!has_one) {
        out.authorization = api.authorization;
        out.oauth = api.oauth;
    }
    for (const Field& header : api.headers)
        if (find_field(out.headers, header.name) == nullptr && !(has_one && equal_nocase(header.name, "Authorization")))
            out.headers.push_back(header);
}

}  // namespace trot
