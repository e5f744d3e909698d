#include "dispatch/managed.h"

#include <algorithm>

#include "plan/subscription_json.h"

namespace trot {
namespace {

constexpr std::string_view api_prefix = "api:";

}  // namespace

Managed managed_of(const SubscriptionRow& row) {
    Managed out;
    out.origin = row.origin;
    out.topics = row.topics;
    out.format = row.format;
    out.filter = row.filter;
    out.state = row.state;
    out.reason = row.reason;
    out.since = row.since;
    return out;
}

bool listens(const Managed& managed) {
    if (managed.state == SubscriptionState::active) return true;
    return managed.state == SubscriptionState::paused && managed.reason != paused_by_api &&
           managed.reason != unconfirmed;
}

Result<void> add_managed(TopicIndex& index, int64_t number, const Managed& managed, const std::vector<FilterTerm>& only,
                         const Listener& as) {
    Listener listener = as;
    listener.subscription = number;
    listener.format = managed.format;
    listener.since = managed.since;
    listener.logged = true;
    if (managed.filter.empty()) {
        if (!only.empty()) listener.terms = std::make_shared<const std::vector<FilterTerm>>(only);
        const auto shared = std::make_shared<const Listener>(std::move(listener));
        for (size_t at = 0; at < managed.topics.size();) {
            const size_t comma = std::min(managed.topics.find(',', at), managed.topics.size());
            if (comma > at) index.add(managed.topics.substr(at, comma - at), shared);
            at = comma + 1;
        }
        return {};
    }
    Result<std::vector<Selector>> selectors = read_selectors(managed.filter);
    if (!selectors) return selectors.fault();
    for (Selector& selector : selectors.value()) {
        Listener one = listener;
        selector.terms.insert(selector.terms.end(), only.begin(), only.end());
        if (!selector.terms.empty())
            one.terms = std::make_shared<const std::vector<FilterTerm>>(std::move(selector.terms));
        const auto shared = std::make_shared<const Listener>(std::move(one));
        for (const std::string& topic : selector.topics) index.add(topic, shared);
    }
    return {};
}

const ApiConfig* api_of(const Plan& plan, std::string_view origin) {
    if (origin.substr(0, api_prefix.size()) != api_prefix) return nullptr;
    const std::string_view name = origin.substr(api_prefix.size());
    const auto found =
        std::find_if(plan.apis.begin(), plan.apis.end(), [name](const ApiConfig& api) { return api.name == name; });
    return found == plan.apis.end() ? nullptr : &*found;
}

}  // namespace trot
