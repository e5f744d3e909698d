#include "plan/header_rules.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "plan/section.h"

namespace trot {
namespace {

constexpr std::array<std::string_view, 10> framing{
    "host", "content-length", "transfer-encoding", "connection",  "expect", "keep-alive",
    "te",   "trailer",        "upgrade",           "content-type"};
constexpr std::array<std::string_view, 2> prefixes{"proxy-", "trotline-"};

// RFC 9110 5.6.2
bool token(std::string_view name) {
    for (const char c : name) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) return false;
    }
    return !name.empty();
}

bool taken(std::string_view name, const std::vector<std::string_view>& reserved) {
    const auto same = [name](std::string_view other) { return equal_nocase(name, other); };
    const auto begins = [name](std::string_view prefix) { return equal_nocase(name.substr(0, prefix.size()), prefix); };
    return std::any_of(framing.begin(), framing.end(), same) || std::any_of(prefixes.begin(), prefixes.end(), begins) ||
           std::any_of(reserved.begin(), reserved.end(), same);
}

}  // namespace

Result<void> check_header(std::string_view name, std::string_view value,
                          const std::vector<std::string_view>& reserved) {
    if (!token(name) || name.size() > 256)
        return Fault{Code::config, fmt::format("{} is no header name, use letters, digits and '-'", quoted(name))};
    if (taken(name, reserved))
        return Fault{Code::config,
                     fmt::format("header {} is set by Trotline itself, choose another name", quoted(name))};
    if (trim(value).empty())
        return Fault{Code::config,
                     fmt::format("header {} has no value, give one or leave the header out", quoted(name))};
    if (value.size() > 8192) return Fault{Code::config, fmt::format("header {} is longer than 8 KiB", quoted(name))};
    for (const char c : value)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return Fault{
                Code::config,
                fmt::format("header {} has a line end or another control byte in its value, remove it", quoted(name))};
    return {};
}

}  // namespace trot
