// Transport: the seam to HTTP. One implementation: libcurl multi on a libevent base (egress/curl.cc), set up as
// reference/performance 9.5 measured (epoll changelist, NOSIGNAL, CURLU per target, handles reused, MAXCONNECTS
// explicit, CAPATH NULL, HTTP/1.1) and guarded as reliability.md 2.3 demands. Tests have a fake that can fail the n-th
// call. Callers: dispatch. Threads: the thread that runs the base; nothing here is shared.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "crypto/secret.h"
#include "egress/guard.h"
#include "url/check.h"

struct event_base;

namespace trot {

// An endpoint's parsed URL and connection policy, made once per subscription and plan.
class Target {
  public:
    virtual ~Target() = default;
};

struct TargetOptions {
    CheckedUrl url;
    std::vector<Network> allow;  // the subscription's own
    int64_t timeout_ms = 15000;
    int64_t connect_timeout_ms = 5000;
    bool keep_head = false;  // SendResult::head

    // The one upstream of [hydrate], which the configuration names: the guard has no say, whatever its address is, and
    // of the answer up to answer_bytes are kept. Never set for a URL that anything but the configuration decides on.
    bool upstream = false;
    uint64_t answer_bytes = 0;
    std::string ca_file;  // "" the transport's
    bool verify = true;
    // Of a subscription (plan/plan.h, TlsRules). Connections of targets that differ in any of these are never shared.
    std::vector<std::string> pins;
    std::string cert_file, key_file;
    Secret key_passphrase;
    bool options_method = false;  // OPTIONS without a body instead of POST
};

// Why an attempt has no status; permanent names, written into attempts.
enum class SendError { none, resolve, connect, tls, timeout, reset, bad_answer, blocked, too_large, internal };
std::string_view name_of(SendError error);

struct SendResult {
    int status =
        0;  // HTTP status; 0 none. A 2xx whose body broke, stalled or was too large is still a 2xx with error none.
    SendError error = SendError::none;
    std::string detail;       // for the log; the same fixed text for every refusal of the guard
    std::string answer;       // first 4 KiB of the body; of the upstream's up to answer_bytes
    std::string retry_after;  // header value, as sent
    std::string head;         // status line and headers, at most 8 KiB, where the target keeps them
    int64_t duration_us = 0;
    bool reused = false;  // the connection had carried a request before
    bool whole = false;   // the answer's body came to its end
    bool cut = false;     // it did not because it is larger than allowed
};

class Transport {
  public:
    virtual ~Transport() = default;
    virtual Result<std::shared_ptr<Target>> target(const TargetOptions& options) = 0;
    // POSTs `body` (null: GETs) with `headers` (Content-Type among them; already checked for CR/LF). `done` runs on the
    // loop, exactly once, never inside send(). A User-Agent without a value: none is sent. The body and the target are
    // kept until then. A header that could break out of its line is not sent: the attempt ends with
    // SendError::internal. Destroying the transport abandons what is in flight: those never run `done`; a `done` may
    // send, but not destroy the transport.
    virtual void send(const std::shared_ptr<Target>& target, const Fields& headers,
                      const std::shared_ptr<const std::string>& body, std::function<void(SendResult)> done) = 0;
    // Closes idle connections and takes new rules: a reload may have forbidden an address that has one open.
    virtual void set_guard(std::shared_ptr<const Guard> guard) = 0;
    virtual size_t inflight() const = 0;
};

struct CurlOptions {
    event_base* base = nullptr;
    std::shared_ptr<const Guard> guard;
    std::string ca_file;             // "" the system's bundle
    unsigned max_connections = 512;  // kept open: about twice the destinations, bounded by the fd limit
    uint64_t response_bytes = 65536;
    std::string user_agent = "Trotline/0.1";
};

Result<std::unique_ptr<Transport>> make_curl_transport(const CurlOptions& options);

}  // namespace trot
