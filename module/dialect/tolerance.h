// How far a signature's time may lie from now, as Standard Webhooks, Stripe and Svix have it. Callers: formats whose
// signature is dated. Threads: pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trot {

inline constexpr int64_t tolerance_s = 300;

// `what`: where the time stands, for the fault.
inline Result<void> check_age(std::string_view what, std::string_view seconds, int64_t now_s) {
    const std::string where(what);
    int64_t sent = 0;
    const auto [stop, fault] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), sent);
    if (fault != std::errc() || stop != seconds.data() + seconds.size() || sent < 0)
        return Fault{Code::refused, where + " is not a number of seconds"};
    if (sent < now_s - tolerance_s) return Fault{Code::refused, where + " is older than 300 seconds"};
    if (sent > now_s + tolerance_s) return Fault{Code::refused, where + " lies more than 300 seconds ahead"};
    return {};
}

}  // namespace trot
