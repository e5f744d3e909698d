#include "plan/delivery_rules.h"

namespace trot {
namespace {

void read(Section& section, Loading& /*load*/, Subscription& out) {
    section.number("concurrency", out.concurrency, 1, 1024);
    section.number("disable_after", out.disable_after, 0, 1000000);
}

}  // namespace

const RuleGroup& health_rules() {
    static const RuleGroup group{{"concurrency", "disable_after"}, read};
    return group;
}

}  // namespace trot
