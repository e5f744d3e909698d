#include "plan/delivery_rules.h"

namespace trot {

const std::vector<const RuleGroup*>& rule_groups() {
    static const std::vector<const RuleGroup*> groups{&schedule_rules(), &health_rules(), &consent_rules(),
                                                      &trace_rules(),    &tls_rules(),    &order_rules(),
                                                      &auth_rules(),     &shape_rules()};
    return groups;
}

const KeyList& delivery_keys() {
    static const KeyList keys = [] {
        KeyList all{"delivery", {}};
        for (const RuleGroup* group : rule_groups())
            all.keys.insert(all.keys.end(), group->keys.begin(), group->keys.end());
        return all;
    }();
    return keys;
}

void read_delivery(Section& section, Loading& load, Subscription& out) {
    for (const RuleGroup* group : rule_groups()) group->read(section, load, out);
}

}  // namespace trot
