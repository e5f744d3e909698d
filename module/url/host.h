// The host of a URL: a DNS name or the one canonical spelling of an address. Every other way to write an address
// (decimal, octal, hex, short forms, circled digits, zone ids) is refused by name, because the resolver would take it.
// Callers: url/check. Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace trot {

struct CheckedHost {
    std::string text;  // lower case, no brackets, no trailing dot; an international name in its xn-- form
    bool literal = false;
};

Result<CheckedHost> check_host(std::string_view name);     // DNS name or IPv4 address
Result<CheckedHost> check_ipv6(std::string_view address);  // what stood between the brackets

}  // namespace trot
