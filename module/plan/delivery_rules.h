// Delivery rules: what [delivery] says for all subscriptions and [[subscription]] for one. A group of keys each: a file
// of its own (rules_*.cc), one entry in delivery_rules.cc. A key that neither has keeps what the subscription has
// already: the format's own. Callers: table_subscription, load. Threads: one load, one thread.
#pragma once

#include <string_view>
#include <vector>

#include "plan/tables.h"

namespace trot {

struct RuleGroup {
    std::vector<std::string_view> keys;
    void (*read)(Section& section, Loading& load, Subscription& out);
};

const RuleGroup& schedule_rules();  // schedule, jitter, max_age, timeout, connect_timeout
const RuleGroup& health_rules();    // concurrency, breaker, rate, burst, share, adaptive, disable_after, …_age
const RuleGroup& consent_rules();   // consent
const RuleGroup& trace_rules();     // trace, max_hops, skip_own
const RuleGroup& tls_rules();       // tls
const RuleGroup& order_rules();     // order, coalesce, batch
const RuleGroup& auth_rules();      // headers, basic_auth, bearer, oauth; of [[api]] too
const RuleGroup& shape_rules();     // filter, transform, drop, mask, hash, payload, …

const std::vector<const RuleGroup*>& rule_groups();

const KeyList& delivery_keys();  // of [delivery]: those of all groups
void read_delivery(Section& section, Loading& load, Subscription& out);

}  // namespace trot
