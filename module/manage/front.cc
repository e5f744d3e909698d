#include "manage/front.h"

#include "egress/guard.h"
#include "egress/resolver.h"
#include "egress/rules.h"
#include "manage/apis.h"
#include "url/target.h"

namespace trot {
namespace {

constexpr int64_t most_dns_us = 3000000;

// What the guard says of where a URL leads. A name that does not resolve now, or that there is no time left to resolve
// (`resolves` false), is no reason to refuse: each attempt is judged again by the address that is about to be
// connected.
Result<CheckedUrl> judge(const std::string& text, const ApiConfig& api, const Plan& plan, bool resolves) {
    Result<CheckedUrl> url = check_url(text, plan.egress.urls);
    if (!url) return url;
    Plan view;
    view.egress = plan.egress;
    view.egress.allow.insert(view.egress.allow.end(), api.allow.begin(), api.allow.end());
    const Result<Guard> guard = guard_of(view);
    if (!guard) return guard.fault();
    if (!url.value().literal && (!resolves || !system_resolver().resolve(url.value().host))) return url;
    const GuardVerdict verdict = guard.value().judge_text(url.value().text);
    if (verdict.allowed) return url;
    return Fault{Code::refused, verdict.why};
}

}  // namespace

Front::Front(const AdminSources& sources, Store* store, std::function<void()> changed)
    : admin_(sources), clock_(*sources.clock) {
    if (store == nullptr) return;
    registry_ = std::make_unique<Registry>(*store, std::move(changed));
    claims_ = std::make_unique<Claims>(*store, clock_);
}

Front::~Front() = default;

Reply Front::answer(const ManageRequest& request, const Plan& plan) {
    if (claims_ && is_claim(plan, request.target)) return claims_->answer(request, plan);
    const ApiMatch match = match_api(plan, request.target, request.host);
    return match.handler != nullptr ? answer_api(request, plan, match)
                                    : admin_.answer(request, plan.admin, registry_.get());
}

Reply Front::answer_api(const ManageRequest& request, const Plan& plan, const ApiMatch& match) {
    if (!registry_)
        return {503,
                {{"Content-Type", "application/json"}, {"Retry-After", "5"}},
                "{\"message\":\"the store could not be opened\",\"status\":503}"};
    ApiRequest asked;
    asked.method = request.method == "HEAD" ? "GET" : request.method;
    asked.path = match.path;
    asked.target = request.target;
    asked.host = request.host;
    asked.query = parse_query(query_of(request.target));
    asked.fields = request.fields;
    asked.body = request.body;
    asked.secure = request.secure || match.tenants.front()->behind_tls;
    // A batch of a hundred URLs whose name servers are silent must not keep this thread for minutes.
    const int64_t begin_us = clock_.steady_us();
    ApiWorld world{match.tenants, plan, *registry_, clock_, [&](const std::string& url, const ApiConfig& api) {
                       return judge(url, api, plan, clock_.steady_us() - begin_us < most_dns_us);
                   }};
    Reply reply = match.handler->answer(asked, world);
    if (find_field(reply.fields, "Cache-Control") == nullptr) reply.fields.push_back({"Cache-Control", "no-store"});
    return reply;
}

}  // namespace trot
