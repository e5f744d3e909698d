// The check of a URL before libcurl ever sees it (reliability.md 2.3 lists what libcurl would take): http or https,
// "//", DNS name or canonical address literal, no userinfo, fragment, zone id, percent sign or control byte in the
// host, a port of the list, at most 2,048 bytes. Says nothing about where the name leads: that is egress/guard.h.
// Callers: plan (subscriptions), egress, `trotline guard`. Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trot {

struct CheckedUrl {
    std::string text;  // as given, scheme and host in lower case
    bool https = false;
    std::string host;      // lower case, no brackets, no trailing dot; IDN in its xn-- form
    bool literal = false;  // host is a canonical IPv4 or IPv6 address
    uint16_t port = 0;
    std::string path;  // path and query, at least "/"
    bool operator==(const CheckedUrl&) const = default;
};

struct UrlRules {
    // Ports allowed besides 80, 443 and 1024-65535 less the known services (reliability.md: S226-S232).
    std::vector<uint16_t> extra_ports;
};

// Fault{Code::refused, "…why, and what would be right"}.
Result<CheckedUrl> check_url(std::string_view text, const UrlRules& rules);

// The URL for logs and lists: userinfo cannot occur; the query's values are replaced by "…".
std::string redacted_url(std::string_view text);

}  // namespace trot
