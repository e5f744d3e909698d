// Format: how a delivery looks on the wire. Its bytes are a function of (event, subscription as it was, delivery); only
// what the format defines per attempt (timestamp, signature over it, retry counter) is made anew. Callers: dispatch,
// the door (sign, verify), plan through the Vocabulary. Threads: formats are stateless singletons; a Renderer belongs
// to one thread.
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
    uint32_t flags = 0;         // EventFlag of store/store.h
    std::string_view previous;  // JSON of the resource before; empty: unknown
    std::string_view context;   // JSON object of what the hook took along; empty: nothing
    std::string_view origin;    // JSON object of where it came from (Event::origin); empty: unknown
};

struct DeliveryView {     // borrowed
    std::string_view id;  // "dlv_…"
    int64_t number = 0;   // the id as a number
    int64_t subscription = 0;
    std::string_view topic;
    std::string_view resource;
    std::string_view action;
    unsigned attempt = 1;  // 1 is the first
    unsigned members = 0;  // of a batch: `id` is the batch's; 0: a delivery by itself
    int64_t sequence = 0;  // of its resource's lane, from 1; 0: it has none
    int64_t at_s = 0;      // Unix seconds of this attempt
    // Of its event, for formats that tell of it in headers; nothing for a batch.
    int64_t event = 0;  // its number
    std::string_view resource_id = {};
    int64_t event_ms = 0;  // when it happened
    uint32_t flags = 0;    // EventFlag
};

// Whom a Renderer is made for; borrowed for that call.
struct Recipient {
    int64_t number = 0;
    std::string_view name, url;
    FormatOptions options;
    std::vector<Secret> secrets;  // newest first; one with an end signs until then
    Secret authorization;         // "Basic …", empty when there is none
    std::string_view id = {};     // in its API's own form; empty: it was not made through one, `number` is its id
};

// What makes the deliveries for one subscription and one Style; holds keyed contexts. Made when first needed, kept
// until the subscription's settings change.
class Renderer {
  public:
    virtual ~Renderer() = default;
    virtual std::string body(const EventView& event, const DeliveryView& delivery) = 0;
    // The body of a batch, from its members' bodies; only where the format batches().
    virtual std::string batch(const std::vector<std::string_view>& bodies);
    // Where this attempt goes, when the format fills something into the subscription's URL; empty: to that URL itself.
    // Scheme, host and port are always the URL's. A fault: nothing can be sent, now or later.
    virtual Result<std::string> url(const EventView& /*event*/, const DeliveryView& /*delivery*/) {
        return std::string();
    }
    // The headers of one attempt in their order, Content-Type and signature among them. Appends to `out`. Values never
    // hold CR, LF or NUL: the caller need not check again. A User-Agent without a value: none is sent.
    virtual void headers(const DeliveryView& delivery, std::string_view body, Fields& out) = 0;
};

class Format {
  public:
    virtual ~Format() = default;
    virtual std::string_view name() const = 0;
    // What [subscription.options] may say, in the order in which a Style spells it.
    virtual const std::vector<OptionRule>& options() const;
    virtual FormatPolicy policy() const { return {}; }
    // Do all deliveries of an event with these options have one body? Then it is rendered once for all of them.
    virtual bool shares_bodies(const FormatOptions& /*options*/) const { return true; }
    // May several deliveries go in one request?
    virtual bool batches(const FormatOptions& /*options*/) const { return false; }
    virtual Result<std::unique_ptr<Renderer>> renderer(const Recipient& recipient) const = 0;
    // Does the secret fit the format? An empty one asks whether the format can do without.
    virtual Result<void> check_secret(const Secret& secret) const = 0;
    // Do the headers prove the body? now_s: for formats with a timestamp (tolerance 300 s). Fault{Code::refused, why}.
    // Fields named "@method" and "@target-uri" are no headers: they tell formats that sign those what was asked.
    virtual Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                                int64_t now_s) const = 0;
    // The same for a format whose signature depends on its options.
    virtual Result<void> verify_as(const FormatOptions& /*options*/, const Fields& headers, std::string_view body,
                                   const std::vector<Secret>& secrets, int64_t now_s) const {
        return verify(headers, body, secrets, now_s);
    }
    // Header names (lower case) that a subscription's own headers may not set.
    virtual std::vector<std::string_view> reserved() const = 0;
};

const Format* find_format(std::string_view name);  // nullptr when unknown
std::vector<std::string_view> format_names();

// What plan's loader must know: formats, their options and secrets' rules, the dialects compiled in from
// conf/dialects/*.toml.
Vocabulary shipped_vocabulary();

}  // namespace trot
