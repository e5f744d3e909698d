#include "plan/delivery_rules.h"
#include "plan/secret_source.h"

namespace trot {
namespace {

void read(Section& section, Loading& load, Subscription& out) {
    section.flag("trace", out.trace);
    section.number("max_hops", out.max_hops, 1, 16);
    if (const RawValue* own = section.find("skip_own")) out.own = read_secrets(*own, load.report);
}

}  // namespace

const RuleGroup& trace_rules() {
    static const RuleGroup group{{"trace", "max_hops", "skip_own"}, read};
    return group;
}

}  // namespace trot
