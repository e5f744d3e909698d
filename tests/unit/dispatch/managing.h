// Subscriptions that an API makes, for the dispatcher's tests: a plan with an API, its rows, and how they come into the
// store.
#pragma once

#include "plan/subscription_json.h"
#include "tests/unit/dispatch/rig.h"

namespace trot_test {

inline std::shared_ptr<Plan> plan_with_api(std::vector<Subscription> subscriptions = {}) {
    std::shared_ptr<Plan> plan = plan_of(std::move(subscriptions));
    ApiConfig api;
    api.name = "shop";
    api.dialect = "woocommerce";
    plan->apis.push_back(std::move(api));
    return plan;
}

inline ManagedRow managed(const std::string& name, const std::string& topics = "order.created",
                          const std::vector<Selector>& selectors = {}) {
    ManagedRow out;
    Subscription settings = subscription(name, {topics});
    settings.selectors = selectors;
    out.row.origin = "api:shop";
    out.row.name = name;
    out.row.url = settings.url.text;
    out.row.topics = topics;
    out.row.format = "standard";
    out.row.filter = spell_selectors(selectors);
    out.title = name;
    out.document = "{}";
    out.settings = spell_settings(settings);
    return out;
}

// As another process would: the dispatcher is not told.
inline void put(Rig& rig, ManagedRow& row) {
    assert_fine(write_now(*rig.store, [&](Tx& tx) { return tx.add_managed(row); }));
}

inline void change(Rig& rig, ManagedRow& row) {
    assert_fine(write_now(*rig.store, [&](Tx& tx) { return tx.change_managed(row); }));
}

inline size_t sent_to(Rig& rig, const std::string& name) {
    size_t count = 0;
    for (const Sent& one : rig.wire.sent()) count += one.url.ends_with("/" + name) ? 1 : 0;
    return count;
}

}  // namespace trot_test
