#include "egress/rules.h"

#include "egress/transport.h"

namespace trot {
namespace {

// "http://127.0.0.1:8000" → "127.0.0.1:8000"; the default port is added, a path is cut.
std::string authority_of(std::string_view url) {
    const size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    const bool https = url.substr(0, scheme) == "https";
    const std::string_view rest = url.substr(scheme + 3);
    std::string authority(rest.substr(0, rest.find('/')));
    const size_t colon = authority.rfind(':');
    const size_t bracket = authority.rfind(']');
    const bool has_port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
    if (!has_port) authority += https ? ":443" : ":80";
    return authority;
}

}  // namespace

void adopt_tls(TargetOptions& options, const TlsRules& rules) {
    options.ca_file = rules.ca_file;
    options.pins = rules.pins;
    options.cert_file = rules.cert_file;
    options.key_file = rules.key_file;
    options.key_passphrase = rules.key_passphrase;
}

Result<std::vector<Network>> networks_of(const std::vector<std::string>& texts) {
    std::vector<Network> networks;
    for (const std::string& text : texts) {
        const Result<Network> network = parse_network(text);
        if (!network) return Fault{Code::config, network.fault().text};
        networks.push_back(network.value());
    }
    return networks;
}

Result<Guard> guard_of(const Plan& plan) {
    Guard::Rules rules;
    Result<std::vector<Network>> allow = networks_of(plan.egress.allow);
    if (!allow) return allow.fault();
    Result<std::vector<Network>> deny = networks_of(plan.egress.deny);
    if (!deny) return deny.fault();
    rules.allow = std::move(allow.value());
    rules.deny = std::move(deny.value());
    rules.nat64 = plan.egress.nat64;
    rules.urls = plan.egress.urls;
    rules.own = plan.egress.own;
    for (const std::string& listen : plan.standalone.listen) rules.own.push_back(listen);
    if (!plan.admin.listen.empty()) rules.own.push_back(plan.admin.listen);
    if (!plan.standalone.upstream.empty()) rules.own.push_back(authority_of(plan.standalone.upstream));
    if (plan.hydrate.set()) rules.own.push_back(authority_of(plan.hydrate.upstream));
    return Guard(std::move(rules));
}

std::string refusal_of(const Plan& plan, const CheckedUrl& url, const std::vector<std::string>& allow,
                       std::string_view place) {
    std::vector<std::string> named;
    if (url.literal) named = {url.host};
    if (url.host == "localhost") named = {"::1", "127.0.0.1"};  // one of them is enough
    if (named.empty()) return {};
    const Result<Guard> guard = guard_of(plan);
    const Result<std::vector<Network>> extra = networks_of(allow);
    if (!guard || !extra) return {};
    std::string why;
    for (const std::string& text : named) {
        std::optional<Address> address = parse_address(text);
        if (!address) return {};
        address->port = url.port;
        const sockaddr_storage one = sockaddr_of(*address);
        const GuardVerdict verdict =
            guard.value().judge(reinterpret_cast<const sockaddr*>(&one), sizeof one, extra.value());
        if (verdict.allowed) return {};
        why = text + " is " + verdict.why + "; right would be " + remedy(*address, verdict, place);
    }
    return why;
}

}  // namespace trot
