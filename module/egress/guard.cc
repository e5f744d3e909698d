#include "egress/guard.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/text.h"
#include "egress/address.h"
#include "egress/classify.h"
#include "egress/resolver.h"

namespace trot {
namespace {

GuardVerdict block(std::string why) { return {false, std::move(why)}; }

// "127.0.0.1:8080", "[::1]:8080"; names and unix sockets give nothing.
std::optional<Address> parse_own(std::string_view text) {
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    std::optional<Address> address = parse_address(host);
    const std::string_view port = text.substr(colon + 1);
    if (!address || std::from_chars(port.data(), port.data() + port.size(), address->port).ec != std::errc())
        return std::nullopt;
    return address;
}

bool is_loopback(const Address& address) { return class_of(address).opening == Opening::loopback; }

bool is_unspecified(const Address& address) {
    return address.is_v4() ? address.v4() == 0 : address.bytes == std::array<unsigned char, 16>{};
}

// Does this machine answer on that address? Asked only when the port is one of ours, so the system call is rare.
bool is_local(const Address& address) {
    if (is_loopback(address) || is_unspecified(address)) return true;
    ifaddrs* found = nullptr;
    if (getifaddrs(&found) != 0) return true;  // cannot tell: the safe answer
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> hold(found, freeifaddrs);
    for (const ifaddrs* one = found; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr) continue;
        const std::optional<Address> mine =
            address_of(one->ifa_addr, one->ifa_addr->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
        if (mine && mine->bytes == address.bytes) return true;
    }
    return false;
}

bool lies_inside_loopback(const Network& network) {
    Address base;
    std::copy(std::begin(network.bytes), std::end(network.bytes), base.bytes.begin());
    return is_loopback(base) && network.bits >= (base.is_v4() ? 104U : 128U);
}

const Network* holder(const std::vector<Network>& networks, const Address& address, bool loopback) {
    for (const Network& network : networks)
        if (contains(network, address.bytes.data()) && (!loopback || lies_inside_loopback(network))) return &network;
    return nullptr;
}

bool is_localhost(const std::string& host) {
    constexpr std::string_view name = "localhost";
    if (host == name) return true;
    return host.size() > name.size() &&
           host.compare(host.size() - name.size() - 1, std::string::npos, ".localhost") == 0;
}

}  // namespace

Guard::Guard(Rules rules) : rules_(std::move(rules)) {
    for (const std::string& text : rules_.own) {
        const std::optional<Address> address = parse_own(text);
        if (!address) continue;
        Own own{};
        std::copy(address->bytes.begin(), address->bytes.end(), std::begin(own.address));
        own.port = address->port;
        own_.push_back(own);
    }
}

bool Guard::is_own(const unsigned char address[16], uint16_t port) const {
    Address given;
    std::copy(address, address + 16, given.bytes.begin());
    for (const Own& own : own_) {
        if (own.port != port) continue;
        Address mine;
        std::copy(std::begin(own.address), std::end(own.address), mine.bytes.begin());
        // A listener's port on another address of this machine is refused, too: behind it may be the same listener.
        if (mine.bytes == given.bytes || (is_local(mine) && is_local(given))) return true;
    }
    return false;
}

Guard::Finding Guard::find(const sockaddr* address, socklen_t length, const std::vector<Network>& extra) const {
    std::optional<Address> given = address_of(address, length);
    if (!given) return {false, "not an IPv4 or IPv6 address"};
    *given = unwrap(*given, rules_.nat64);
    if (given->port != 0 && is_own(given->bytes.data(), given->port)) return {false, "own address or the upstream's"};
    const AddressClass what = class_of(*given);
    Finding out{false, what.name};
    out.denied_by = holder(rules_.deny, *given, false);
    if (out.denied_by != nullptr) return out;
    switch (what.opening) {
        case Opening::open:
            out.allowed = true;
            return out;
        case Opening::never:
            return out;
        case Opening::listed:
        case Opening::loopback:
            break;
    }
    for (const std::vector<Network>* networks : {&rules_.allow, &extra}) {
        if (out.allowed) break;
        out.allowed_by = holder(*networks, *given, what.opening == Opening::loopback);
        out.allowed = out.allowed_by != nullptr;
    }
    return out;
}

bool Guard::allows(const sockaddr* address, socklen_t length, const std::vector<Network>& extra) const {
    return find(address, length, extra).allowed;
}

GuardVerdict Guard::judge(const sockaddr* address, socklen_t length, const std::vector<Network>& extra) const {
    const Finding found = find(address, length, extra);
    std::string why(found.name);
    if (found.denied_by != nullptr) why += " (denied by " + text_of(*found.denied_by) + ")";
    if (found.allowed_by != nullptr) why += " (allowed by " + text_of(*found.allowed_by) + ")";
    return {found.allowed, std::move(why)};
}

GuardVerdict Guard::judge_text(std::string_view value) const { return judge_text(value, system_resolver()); }

GuardVerdict Guard::judge_text(std::string_view value, const Resolver& resolver) const {
    if (const std::optional<Address> address = parse_address(value)) {
        const sockaddr_storage bare = sockaddr_of(*address);
        return judge(reinterpret_cast<const sockaddr*>(&bare), sizeof bare);
    }
    const Result<CheckedUrl> url = check_url(value, rules_.urls);
    if (!url) return block(url.fault().text);
    return judge_url(url.value(), resolver);
}

GuardVerdict Guard::judge_url(const CheckedUrl& url, const Resolver& resolver) const {
    std::vector<Address> addresses;
    if (url.literal) {
        if (const std::optional<Address> address = parse_address(url.host)) addresses.push_back(*address);
    } else if (is_localhost(url.host)) {
        // RFC 6761: always loopback, whatever a name server says; libcurl does the same.
        for (std::string_view text : {"127.0.0.1", "::1"}) addresses.push_back(parse_address(text).value_or(Address{}));
    } else {
        Result<std::vector<Address>> found = resolver.resolve(url.host);
        if (!found) return block(found.fault().text);
        addresses = std::move(found.value());
    }
    if (addresses.empty()) return block("the name has no address");
    GuardVerdict last;
    for (Address& address : addresses) {
        address.port = url.port;
        const sockaddr_storage one = sockaddr_of(address);
        last = judge(reinterpret_cast<const sockaddr*>(&one), sizeof one);
        if (!last.allowed) return url.literal ? last : block(text_of(address) + " is " + last.why);
    }
    return last;
}

std::string remedy(const Address& address, const GuardVerdict& refused, std::string_view place) {
    if (refused.why.find("denied by") != std::string::npos) return "[egress] deny without it, if it may be reached";
    if (refused.why.substr(0, 3) == "own")
        return "another endpoint: deliveries to ourselves would go round in a circle";
    if (class_of(address).opening == Opening::never) return "another address: no configuration allows this one";
    return "allow = [\"" + text_of(address) + "\"] in " + std::string(place) + ", if it may be reached";
}

}  // namespace trot
