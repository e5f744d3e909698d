#include "egress/hardening.h"

#include <cstdlib>

namespace trot {

bool start_curl() {
    static const bool started = [] {
        unsetenv("SSLKEYLOGFILE");  // libcurl would write the secrets of every TLS session to that file
        return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    }();
    return started;
}

void harden(CURL* easy) {
    const auto set = [easy](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOPROXY, "*");
    set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    // The end of an attempt must not wait for its name look-up: getaddrinfo may take half a minute.
    set(CURLOPT_QUICK_EXIT, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
}

}  // namespace trot
