// What is closed on every handle, whatever it is used for (reliability.md 2.3): other protocols, redirects, proxies of
// the environment, netrc, user names in URLs. Callers: egress/attempt, egress/probe. Threads: where the handle is.
#pragma once

#include <curl/curl.h>

namespace trot {

bool start_curl();  // once for the process, before its first handle
void harden(CURL* easy);

}  // namespace trot
