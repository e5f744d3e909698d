#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

#include "plan/tables.h"

namespace trot {

const KeyList& egress_keys() {
    static const KeyList keys{"egress",
                              {"allow", "deny", "nat64", "ports", "ca_file", "connections", "response_bytes", "own"}};
    return keys;
}

namespace {

// Does a byte of the address below the prefix differ from zero? "10.20.0.1/16" is one network meant and another
// written.
bool has_host_bits(const unsigned char* address, int bytes, int prefix) {
    for (int bit = prefix; bit < bytes * 8; ++bit)
        if (address[bit / 8] & (0x80 >> (bit % 8))) return true;
    return false;
}

Result<void> check_network(const std::string& text) {
    const size_t slash = text.find('/');
    const std::string address = text.substr(0, slash);
    unsigned char bytes[16];
    const bool four = inet_pton(AF_INET, address.c_str(), bytes) == 1;
    if (!four && inet_pton(AF_INET6, address.c_str(), bytes) != 1)
        return Fault{Code::config, "no network, write one like \"10.20.0.0/16\" or \"2001:db8::/32\""};
    const int most = four ? 32 : 128;
    int prefix = most;
    if (slash != std::string::npos) {
        const char* const end = text.data() + text.size();
        const auto [stop, fault] = std::from_chars(text.data() + slash + 1, end, prefix);
        if (fault != std::errc() || stop != end || prefix < 0 || prefix > most)
            return Fault{Code::config, fmt::format("a network with a wrong prefix, it must be /0 to /{}", most)};
    }
    if (has_host_bits(bytes, four ? 4 : 16, prefix))
        return Fault{Code::config,
                     fmt::format("a network with bits set behind its prefix, write its first address, or /{} "
                                 "for this address alone",
                                 most)};
    return {};
}

}  // namespace

void read_networks(Section& section, std::string_view key, std::vector<std::string>& out) {
    section.texts(key, out);
    for (const std::string& network : out)
        if (const Result<void> checked = check_network(network); !checked)
            section.report().mistake(section.find(key)->at,
                                     fmt::format("'{}' has {}, {}", key, quoted(network), checked.fault().text));
}

namespace {

void read_ports(Section& section, std::vector<uint16_t>& out) {
    const RawValue* value = section.find("ports");
    std::vector<std::string> spelled;
    if (value && value->kind != RawValue::Kind::list)
        wrong_type(*value, "ports", "a list of port numbers", section.report());
    else if (value)
        for (const RawValue& port : value->list) {
            if (port.kind == RawValue::Kind::integer && port.integer > 0 && port.integer < 65536) {
                out.push_back(static_cast<uint16_t>(port.integer));
                spelled.push_back(port.text);
            } else {
                section.report().mistake(port.at, "'ports' must hold port numbers, 1 to 65535");
            }
        }
    section.note("ports", spelled);
}

}  // namespace

void read_egress(const RawValue& table, Loading& load, EgressConfig& out) {
    Section section(table, egress_keys(), load.report, &load.settings);
    read_networks(section, "allow", out.allow);
    read_networks(section, "deny", out.deny);
    section.flag("nat64", out.nat64);
    read_ports(section, out.urls.extra_ports);
    if (section.text("ca_file", out.ca_file))
        out.ca_file = load.report.beside(section.find("ca_file")->at, out.ca_file);
    section.number("connections", out.connections, 1, 65536);
    section.size("response_bytes", out.response_bytes, 1024, 16ULL << 20);
    section.texts("own", out.own);
    for (const std::string& own : out.own)
        if (const Result<void> checked = check_listen(own); !checked || own.substr(0, 5) == "unix:")
            load.report.mistake(
                section.find("own")->at,
                fmt::format("'own' has {}, each must be an address and port like \"192.0.2.7:443\"", quoted(own)));
}

}  // namespace trot
