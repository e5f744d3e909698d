// Is an endpoint asked whether it wants deliveries, before the first (CloudEvents' webhook consent), and in whose name?
#include <fmt/format.h>

#include <algorithm>

#include "plan/delivery_rules.h"

namespace trot {
namespace {

// A DNS expression that names the sending system. It goes into a header as it stands.
bool is_dns_name(std::string_view name) {
    if (name.empty() || name.size() > 253 || name.front() == '.' || name.front() == '-') return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
}

void read(Section& section, Loading& load, Subscription& out) {
    const RawValue* consent = section.find("consent");
    if (consent == nullptr) return;
    if (consent->kind == RawValue::Kind::boolean && !consent->boolean)
        out.consent_origin.clear();
    else if (consent->kind == RawValue::Kind::text && is_dns_name(consent->text))
        out.consent_origin = consent->text;
    else
        load.report.mistake(consent->at,
                            fmt::format("'consent' is {}, it must be the DNS name that stands for this sender, like "
                                        "\"hooks.shop.example\", or false",
                                        consent->kind == RawValue::Kind::text ? quoted(consent->text) : consent->text));
}

}  // namespace

const RuleGroup& consent_rules() {
    static const RuleGroup group{{"consent"}, read};
    return group;
}

}  // namespace trot
