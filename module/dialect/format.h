// Format: how a delivery looks on the wire. Body and fixed headers are a pure function of (event, subscription as it
// was); only what the format defines per attempt (timestamp, signature over it) is made anew. Callers: dispatch, the
// door (sign, verify). Threads: formats are stateless singletons; a Signer belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "crypto/hmac.h"
#include "crypto/secret.h"
#include "plan/load.h"

namespace trot {

struct EventView {        // borrowed
    std::string_view id;  // "evt_…"
    std::string_view topic;
    std::string_view resource;
    std::string_view resource_id;
    std::string_view action;
    int64_t at_ms = 0;
    std::string_view payload;  // JSON, or opaque bytes when payload_json is false
    bool payload_json = true;
    uint32_t flags = 0;  // EventFlag of store/store.h
};

struct DeliveryView {     // borrowed
    std::string_view id;  // "dlv_…"
    int64_t number = 0;   // the id as a number
    int64_t subscription = 0;
    std::string_view topic;
    std::string_view resource;
    std::string_view action;
};

// Keyed contexts for a subscription's secrets, kept between deliveries.
class Signer {
  public:
    virtual ~Signer() = default;
    // The headers of one attempt (signature among them). Appends to `out`. Values never hold CR, LF or NUL: the caller
    // need not check again. attempt_s: Unix seconds of this attempt.
    virtual void headers(const DeliveryView& delivery, int64_t attempt_s, std::string_view body, Fields& out) = 0;
};

class Format {
  public:
    virtual ~Format() = default;
    virtual std::string_view name() const = 0;
    virtual std::string_view content_type() const = 0;
    virtual std::string body(const EventView& event) const = 0;
    virtual Result<std::unique_ptr<Signer>> signer(const std::vector<Secret>& secrets) const = 0;
    // Does the secret fit the format? ("whsec_" + base64 of 24-64 bytes for standard; at least 16 bytes for
    // woocommerce.)
    virtual Result<void> check_secret(const Secret& secret) const = 0;
    // Do the headers prove the body? now_s: for formats with a timestamp (tolerance 300 s). Fault{Code::refused, why}.
    virtual Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                                int64_t now_s) const = 0;
    // Header names (lower case) that a subscription's own headers may not set.
    virtual std::vector<std::string_view> reserved() const = 0;
};

const Format* find_format(std::string_view name);  // nullptr when unknown
std::vector<std::string_view> format_names();

// What plan's loader must know: formats, their secrets' rules, the dialects compiled in from conf/dialects/*.toml.
Vocabulary shipped_vocabulary();

}  // namespace trot
