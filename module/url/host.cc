#include "url/host.h"

#include <arpa/inet.h>
#include <idn2.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/text.h"
#include "url/refuse.h"

namespace trot {
namespace {

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::vector<std::string_view> labels_of(std::string_view name) {
    std::vector<std::string_view> labels;
    for (;;) {
        size_t dot = name.find('.');
        labels.push_back(name.substr(0, dot));
        if (dot == std::string_view::npos) return labels;
        name.remove_prefix(dot + 1);
    }
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

// No top-level domain is a number: a last label like 1, 0x7f or 017 is an address in disguise (WHATWG URL, "ends in a
// number").
bool is_number(std::string_view label) {
    if (!label.empty() && std::all_of(label.begin(), label.end(), is_digit)) return true;
    return label.substr(0, 2) == "0x" && std::all_of(label.begin() + 2, label.end(), is_hex);
}

Result<void> check_label(std::string_view label) {
    if (label.empty()) return refuse("the host has an empty label (two dots, or a dot in front)");
    if (label.size() > 63) return refuse("a label of the host is longer than 63 bytes");
    if (label.front() == '-' || label.back() == '-') return refuse("a label of the host begins or ends with a hyphen");
    for (char c : label) {
        if (c == '%') return refuse("the host is percent-encoded; write its letters as they are");
        // The underscore is no host name's, but container names have it.
        if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
            return refuse(
                "the host holds a character that no DNS name has; right are letters, digits, hyphens and dots");
    }
    return {};
}

struct FreeIdn {
    void operator()(char* text) const { idn2_free(text); }
};

// IDNA2008, non-transitional, then distrust: each label that was not ASCII must come out as xn--, else the spelling was
// a disguise (circled digits, full-width letters, ideographic dots, soft hyphens become plain ASCII in the mapping).
Result<std::string> to_ascii(std::string_view name) {
    std::string given(name);
    char* converted = nullptr;
    int rc = idn2_to_ascii_8z(given.c_str(), &converted, IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES);
    std::unique_ptr<char, FreeIdn> hold(converted);
    if (rc != IDN2_OK)
        return refuse(std::string("the host is not a valid international name (") + idn2_strerror(rc) +
                      "); right is its xn-- form");
    std::string ascii = lower(converted);
    std::vector<std::string_view> before = labels_of(name);
    std::vector<std::string_view> after = labels_of(ascii);
    bool same = before.size() == after.size();
    for (size_t i = 0; same && i < before.size(); ++i)
        same = is_ascii(before[i]) ? equal_nocase(before[i], after[i]) : after[i].substr(0, 4) == "xn--";
    if (!same)
        return refuse("the host is plain ASCII written in look-alike characters; write " + ascii + " if that is meant");
    return ascii;
}

}  // namespace

Result<CheckedHost> check_host(std::string_view name) {
    if (name.find('\0') != std::string_view::npos) return refuse("the host holds a NUL byte");
    std::string host = lower(name);
    if (!is_ascii(host)) {
        Result<std::string> ascii = to_ascii(host);
        if (!ascii) return ascii.fault();
        host = std::move(ascii.value());
    }
    bool dotted = !host.empty() && host.back() == '.';
    if (dotted) host.pop_back();
    if (host.empty()) return refuse("the URL has no host; right is http://host/…");
    if (host.size() > 253) return refuse("the host is longer than 253 bytes");
    std::vector<std::string_view> labels = labels_of(host);
    for (std::string_view label : labels)
        if (Result<void> sound = check_label(label); !sound) return sound.fault();

    CheckedHost out{host, false};
    if (!is_number(labels.back())) return out;
    in_addr address{};
    std::array<char, INET_ADDRSTRLEN> canonical{};
    if (dotted || inet_pton(AF_INET, host.c_str(), &address) != 1 ||
        inet_ntop(AF_INET, &address, canonical.data(), canonical.size()) == nullptr || host != canonical.data())
        return refuse(
            "the host is an unusual spelling of an IPv4 address; right is four decimal numbers from 0 to 255, "
            "without leading zeros, like 192.0.2.1");
    out.literal = true;
    return out;
}

Result<CheckedHost> check_ipv6(std::string_view address) {
    if (address.find('%') != std::string_view::npos)
        return refuse("the IPv6 address has a zone id (%…), which only means something on one machine; leave it out");
    in6_addr bytes{};
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    if (inet_pton(AF_INET6, std::string(address).c_str(), &bytes) != 1 ||
        inet_ntop(AF_INET6, &bytes, canonical.data(), canonical.size()) == nullptr)
        return refuse("what stands in brackets is not an IPv6 address");
    return CheckedHost{canonical.data(), true};
}

}  // namespace trot
