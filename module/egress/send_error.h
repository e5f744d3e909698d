// libcurl's codes as the few permanent reasons an attempt's log knows. Callers: egress/attempt. Threads: pure.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "egress/transport.h"

namespace trot {

inline constexpr std::string_view blocked_text = "the address is not allowed";

// message: of CURLOPT_ERRORBUFFER, may be empty.
SendError error_of(CURLcode code, const char* message = "");
std::string detail_of(CURLcode code, const char* message);

}  // namespace trot
