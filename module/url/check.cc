#include "url/check.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/text.h"
#include "url/host.h"
#include "url/refuse.h"

namespace trot {
namespace {

constexpr size_t max_url = 2048;

// Services that speak to whoever connects and would take the lines of a POST as commands, or that give a private
// network's control away. All below 32768, where the kernel's own choice of ports begins.
constexpr std::array<uint16_t, 57> service_ports = {
    1080, 1433, 1434, 1521, 1719, 1720, 1723,  1883,  2049,  2181,  2375,  2376, 2379, 2380, 2483,
    2484, 3128, 3306, 3389, 3659, 4045, 4190,  4369,  5060,  5061,  5432,  5671, 5672, 5900, 5984,
    5985, 5986, 6000, 6379, 6443, 6566, 6665,  6666,  6667,  6668,  6669,  6679, 6697, 7000, 7001,
    8500, 9042, 9092, 9200, 9300, 9418, 10080, 10250, 10255, 11211, 27017, 27018};

bool port_allowed(uint16_t port, const UrlRules& rules) {
    if (std::find(rules.extra_ports.begin(), rules.extra_ports.end(), port) != rules.extra_ports.end()) return true;
    if (port == 80 || port == 443) return true;
    return port >= 1024 && !std::binary_search(service_ports.begin(), service_ports.end(), port);
}

Result<uint16_t> read_port(std::string_view digits, const UrlRules& rules) {
    unsigned port = 0;
    const char* end = digits.data() + digits.size();
    auto [stop, fault] = std::from_chars(digits.data(), end, port);
    if (digits.front() == '0' || digits.size() > 5 || fault != std::errc() || stop != end || port > 65535)
        return refuse("the port is not a number from 1 to 65535, written in decimal without leading zeros");
    if (!port_allowed(static_cast<uint16_t>(port), rules))
        return refuse(
            "port " + std::to_string(port) +
            " belongs to another kind of service; allowed are 80, 443 and 1024-65535 without well-known services, "
            "and what egress.ports lists");
    return static_cast<uint16_t>(port);
}

// Bytes that never belong into a URL. Beyond ASCII only the host may go (an international name).
Result<void> check_bytes(std::string_view text) {
    if (text.empty()) return refuse("the URL is empty; right is http://… or https://…");
    if (text.size() > max_url) return refuse("the URL is longer than 2,048 bytes");
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7f)
            return refuse("the URL holds a space or a control byte; encode it as %20, %0A, …");
    }
    if (text.find('\\') != std::string_view::npos) return refuse("the URL holds a backslash; right is /");
    if (text.find('#') != std::string_view::npos)
        return refuse("the URL has a fragment (#…), which is never sent; leave it out, or write %23");
    return {};
}

Result<bool> read_scheme(std::string_view& rest) {
    for (std::string_view scheme : {"http://", "https://"}) {
        if (!equal_nocase(rest.substr(0, scheme.size()), scheme)) continue;
        rest.remove_prefix(scheme.size());
        return scheme.size() == 8;
    }
    if (equal_nocase(rest.substr(0, 5), "http:") || equal_nocase(rest.substr(0, 6), "https:"))
        return refuse("the scheme is not followed by //; right is http://host/ or https://host/");
    if (rest.find("://") == std::string_view::npos)
        return refuse("the URL has no scheme; right is http://… or https://…");
    return refuse("the scheme is neither http nor https");
}

}  // namespace

Result<CheckedUrl> check_url(std::string_view text, const UrlRules& rules) {
    if (Result<void> sound = check_bytes(text); !sound) return sound.fault();
    std::string_view rest = text;
    Result<bool> https = read_scheme(rest);
    if (!https) return https.fault();

    std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    std::string_view path = rest.substr(authority.size());
    if (authority.empty()) return refuse("the URL has no host; right is http://host/…");
    if (authority.find('@') != std::string_view::npos)
        return refuse("the URL has a user name or password before @; use an Authorization header instead");

    std::string_view name = authority;
    std::string_view port;
    bool bracketed = authority.front() == '[';
    if (bracketed) {
        size_t end = authority.find(']');
        if (end == std::string_view::npos) return refuse("the IPv6 address has no closing bracket");
        name = authority.substr(1, end - 1);
        port = authority.substr(end + 1);
        if (!port.empty() && port.front() != ':') return refuse("there is text between the IPv6 address and the port");
    } else if (size_t colon = authority.find(':'); colon != std::string_view::npos) {
        name = authority.substr(0, colon);
        port = authority.substr(colon);
    }

    CheckedUrl url;
    url.https = https.value();
    url.port = url.https ? 443 : 80;
    if (port.size() > 1) {
        Result<uint16_t> number = read_port(port.substr(1), rules);
        if (!number) return number.fault();
        url.port = number.value();
    }
    Result<CheckedHost> host = bracketed ? check_ipv6(name) : check_host(name);
    if (!host) return host.fault();
    url.host = std::move(host.value().text);
    url.literal = host.value().literal;

    if (std::any_of(path.begin(), path.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
        return refuse("the path or query holds bytes beyond ASCII; percent-encode them");
    url.path = (path.empty() || path.front() == '?' ? "/" : "") + std::string(path);
    url.text = (url.https ? "https://" : "http://") + (bracketed ? "[" + url.host + "]" : url.host);
    if (port.size() > 1) url.text += port;
    url.text += url.path;
    return url;
}

std::string redacted_url(std::string_view text) {
    size_t mark = text.find('?');
    std::string out(text.substr(0, mark));
    if (mark == std::string_view::npos) return out;
    std::string_view query = text.substr(mark + 1);
    for (char between = '?';; between = '&') {
        std::string_view pair = query.substr(0, query.find('&'));
        out += between;
        // A parameter without a name is a value as well: "?TOKEN".
        if (size_t equal = pair.find('='); equal != std::string_view::npos) out += pair.substr(0, equal + 1);
        if (!pair.empty()) out += "…";
        if (pair.size() == query.size()) return out;
        query.remove_prefix(pair.size() + 1);
    }
}

}  // namespace trot
