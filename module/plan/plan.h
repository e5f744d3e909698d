// Plan: the validated configuration, immutable and shared by every thread. Nothing starts from anything else
// (file → RawConfig → Plan). Built by plan/load.h; read by every room above. Threads: immutable after load; hold it by
// shared_ptr, captures keep the plan they were judged by (so each event is judged by exactly one plan across reloads).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "crypto/secret.h"
#include "plan/hook.h"
#include "url/check.h"

namespace trot {

// An option of a subscription's format; a flag is "true" or "false", only a list has other than one value.
struct FormatOption {
    std::string name;
    std::vector<std::string> values;
    bool operator==(const FormatOption&) const = default;
};
using FormatOptions = std::vector<FormatOption>;

// What an event must be like besides its topic. `what`: "topic", "resource", "resource_id" or "action"; a JSON pointer
// into the payload ("/status"); "previous:/POINTER" into the state before; "changed:/POINTER", "true" or "false";
// "context:NAME", a value that the event's hook took along. What it has is compared as text. An event that has no such
// value does not fit, unless `or_absent`.
struct FilterTerm {
    enum class Test { equals, differs, regex, present, absent, above, below, at_least, at_most };
    std::string what;
    std::vector<std::string> values;  // one of them (equals), none of them (differs); else one
    bool or_absent = false;
    Test test = Test::equals;
    std::shared_ptr<const Regex> regex = nullptr;  // of values.front()
    double number = 0;                             // of values.front(), where it is compared as a number
    bool operator==(const FilterTerm&) const = default;
};

// A topic of the list, and all of the terms.
struct Selector {
    std::vector<std::string> topics;
    std::vector<FilterTerm> terms;
    bool operator==(const Selector&) const = default;
};

// How an endpoint is known, and how we prove who we are, where TLS does both. Empty: as [egress] says, and not at all.
struct TlsRules {
    std::string ca_file;              // trusted instead of the system's bundle
    std::vector<std::string> pins;    // SHA-256 of the server's public key: "sha256//" and base64; one of them must fit
    std::string cert_file, key_file;  // the client's certificate (PEM) and its key
    Secret key_passphrase;
    bool operator==(const TlsRules&) const = default;
};

// OAuth 2.0 client credentials (RFC 6749 4.4): a token is fetched, kept for its life and sent as Bearer.
struct OAuthRules {
    CheckedUrl token_url;
    std::string client_id;
    Secret client_secret;
    std::string scope, audience;
    bool in_body = false;  // client_id and secret in the form instead of Authorization: Basic
    bool set() const { return !client_id.empty(); }
    bool operator==(const OAuthRules&) const = default;
};

// When an endpoint counts as sick, how fast it is asked, and when it is left alone.
struct HealthRules {
    unsigned trip_row = 10;            // failures in a row that open its breaker; 0: it never opens
    unsigned trip_percent = 50;        // of the last 20 attempts; 0: they do not count
    int64_t longest_pause_ms = 60000;  // between probes
    uint64_t rate = 0;                 // attempts an hour, so that "30/m" fits; 0: no limit
    unsigned burst = 0;                // attempts that may go at once; 0: one second's worth, at least 1
    bool share_origin = false;     // concurrency and rate count for all of the same scheme, host and port that say so
    bool adaptive = true;          // slower when it answers 429 or takes longer than usual
    int64_t disable_after_ms = 0;  // failing for so long, without a success, disables it; 0: never
    bool operator==(const HealthRules&) const = default;
};

// How waits are shortened at random: anywhere between nothing and the whole wait, its second half, not at all.
enum class Jitter { full, equal, none };

enum class Order { none, resource };

// Several changes of a resource become one delivery. Off while quiet_ms is 0.
struct CoalesceRules {
    int64_t quiet_ms = 0;  // goes out when the resource has been left alone for so long
    int64_t most_ms = 0;   // … or when the first change is so old
    bool operator==(const CoalesceRules&) const = default;
};

// Several deliveries become one request. Off while most is less than 2.
struct BatchRules {
    unsigned most = 0;
    int64_t wait_ms = 0;  // the longest that the first waits for others
    bool operator==(const BatchRules&) const = default;
};

// What of an event its receiver gets.
struct ShapeRules {
    enum class Payload { full, thin, claim };  // thin: resource and link only; claim: a URL of ours that expires
    Payload payload = Payload::full;
    std::string link;                           // of thin: template of the resource's URL
    int64_t claim_ms = 0;                       // how long a claim URL holds after its delivery has ended
    std::string public_url;                     // of claim: where the world reaches us
    std::vector<std::string> drop, mask, hash;  // JSON pointers, "*" is any member or element
    std::vector<Secret> hash_keys;              // newest first: hashes are made with that one
    std::string transform;                      // a jq program; "": the payload as it is
    bool set() const {
        return payload != Payload::full || !drop.empty() || !mask.empty() || !hash.empty() || !transform.empty();
    }
    bool operator==(const ShapeRules&) const = default;
};

struct Subscription {
    std::string name;                 // identity across reloads
    std::vector<std::string> topics;  // "order.created", "order.*", "*"; of all selectors where there are some
    std::vector<Selector> selectors;  // one of them must fit; empty: `topics` alone decide
    std::string filter;               // a jq program that must give true besides; "": none
    CheckedUrl url;
    std::vector<Secret> secrets;  // newest first; several during a rotation; all sign
    std::string format = "standard";
    FormatOptions options;  // of the format: those that were written, checked by its rules
    Secret authorization;   // value of the Authorization header: basic_auth, bearer; empty is none
    OAuthRules oauth;       // instead
    TlsRules tls;
    Fields headers;                    // sent with each delivery; checked (no reserved name, no CR/LF)
    std::vector<int64_t> schedule_ms;  // waits between attempts; its length + 1 is the number of attempts
    Jitter jitter = Jitter::full;
    int64_t max_age_ms = 0;  // of the event: older deliveries are given up instead of tried again; 0: no limit
    // In this name consent is asked for with OPTIONS before the first delivery (CloudEvents' webhook consent); empty:
    // it is not asked for.
    std::string consent_origin;
    HealthRules health;
    Order order = Order::none;
    CoalesceRules coalesce;
    BatchRules batch;
    ShapeRules shape;
    std::vector<Secret> own;     // credentials whose changes it is not told of (skip_own)
    bool trace = true;           // the headers of dispatch/tracing.h go along
    unsigned max_hops = 4;       // deliveries of ours, one after another, that may lead to a change it is told of
    int64_t timeout_ms = 15000;  // whole attempt
    int64_t connect_timeout_ms = 5000;
    unsigned concurrency = 8;        // attempts in flight
    unsigned disable_after = 0;      // consecutive dead deliveries that disable it; 0 never
    std::vector<std::string> allow;  // private networks this one may reach, besides egress.allow
    bool paused = false;
    int64_t backfill_ms = 0;  // when it is seen for the first time it gets what was recorded since; 0: nothing
    std::string at;
    // Of two configurations: a rule more in here is compared without being named (a reload asks whether any differs).
    bool operator==(const Subscription&) const = default;
};

struct StoreConfig {
    std::string path;  // directory; from url "sqlite:/var/lib/trotline"
    Guarantee guarantee = Guarantee::hold;
    OnFault on_fault = OnFault::open;
    int64_t hold_ms = 2000;                // the longest an answer waits for its commit
    int64_t linger_ms = 1;                 // how long changes that nobody waits for wait for company
    uint64_t queue_bytes = 64ULL << 20;    // captures waiting for the recorder
    uint64_t spill_reserve = 16ULL << 20;  // preallocated for the spill file: works on a full disk
    uint64_t spill_max = 1ULL << 30;
    int64_t retention_ms = 7LL * 24 * 3600 * 1000;  // finished events older than this go
    int64_t retention_dead_ms = 0;                  // those with a dead delivery go after this; 0: as the others
    uint64_t retention_bytes = 0;                   // 0: no limit by size
    int64_t job_timeout_ms = 24LL * 3600 * 1000;    // a job without a result is given up then
    uint64_t snapshot_bytes = 64ULL << 20;          // of all states that are remembered; the oldest go first
    int64_t snapshot_age_ms = 30LL * 24 * 3600 * 1000;
    std::string sync = "full";  // "full" | "off": off is for the tests' control only and is warned about
};

struct CaptureConfig {
    uint64_t request_cap = 1ULL << 20;
    uint64_t response_cap = 1ULL << 20;
    std::vector<std::string> redact;  // JSON members and query parameters whose values never enter an event; "=TEXT"
};

// An answer inside an answer (WordPress ?_envelope): hooks see the inner status, headers and body. JSON pointers into
// the outer body; empty: the outer one's stays.
struct Envelope {
    std::vector<Condition> when;  // when all of these hold the answer is in an envelope
    std::string status, headers, body;
    bool set() const { return !status.empty() || !headers.empty() || !body.empty(); }
};

// How the hooks of one file read requests and answers: the main file's way is contexts[0], each dialect has its own.
struct RoutingContext {
    enum Override : unsigned {
        by_header = 1,
        by_query = 2,
        by_form = 4
    };                  // X-HTTP-Method-Override, ?_method=, _method
    std::string scope;  // the dialect's short name, "" for the main file: jobs and snapshots of two files never meet
    bool ignore_case = false;
    unsigned method_override = 0;
    std::vector<std::string> strip_prefix;  // "/index.php"
    // "rest_route": when the query has it, its value is the path. "rest_route=/wp-json": that prefix goes before the
    // value;
    // "{NAME}" in the prefix stands for another query parameter's value.
    std::vector<std::string> query_route;
    Envelope envelope;
};

struct EgressConfig {
    std::vector<std::string> allow;  // CIDRs that deliveries may reach although private
    std::vector<std::string> deny;   // CIDRs that they may not reach although public
    bool nat64 = false;
    UrlRules urls;
    std::string ca_file;              // "" is the system's bundle
    unsigned connections = 256;       // attempts in flight over all endpoints
    uint64_t response_bytes = 65536;  // read at most; 4 KiB of them are kept
    std::vector<std::string> own;     // "host:port" of our own listeners and the upstream: never delivered to
};

// Where events whose hook hydrates fetch their payload before they go out. Without [hydrate] (not set()) none does.
struct HydrateConfig {
    struct Header {
        std::string name;
        Secret value;  // read from env, file or the configuration; never written anywhere
    };
    std::string upstream;  // http://host:port or https://host[:port], and a path that goes before each target
    std::vector<Header> headers;
    std::string ca_file;  // "" is the system's bundle
    bool verify = true;
    int64_t timeout_ms = 10000;  // of one try
    unsigned tries = 3;
    unsigned concurrency = 4;
    uint64_t response_cap = 1ULL << 20;
    bool set() const { return !upstream.empty(); }
};

// The admin API's listener; empty `listen` is none. The token is required with it.
struct AdminConfig {
    std::string listen;  // "127.0.0.1:9180", "[::1]:9180", "unix:/run/trotline/admin.sock"
    Secret token;
};

// One who may use a management API. Each system has its own names for the two halves (consumer key and secret, API key
// and token, only a write key): see conf/trotline.toml.
struct ApiKey {
    std::string name;  // for logs
    Secret id;         // the half that comes first; empty where the system has one only
    Secret secret;
    bool read = true, write = true;
    bool operator==(const ApiKey&) const = default;
};

// A management API of one of the systems, for one tenant (shop, bucket, company, project, instance): [[api]].
struct ApiConfig {
    std::string name;                // identity of its subscriptions across reloads: their origin is "api:NAME"
    std::string dialect;             // whose API: "woocommerce", "cosmic", "shareactor", "datocms", "cockpit"
    std::string prefix;              // path before the system's own routes, "" or "/shop"
    std::vector<std::string> hosts;  // lower case, without port; empty: any
    std::string tenant;       // what the system calls it where its routes or objects name it: bucket, site, company
    bool behind_tls = false;  // TLS ends in front of us: plain requests count as secure
    FormatOptions options;    // of the deliveries of subscriptions that are made through it
    std::vector<std::string> allow;  // private networks that they may reach, besides egress.allow
    std::vector<FilterTerm> only;    // which events they may see
    unsigned most = 100000;          // subscriptions
    std::vector<ApiKey> keys;
    std::string at;
    // Sent with its subscriptions' deliveries besides what its clients say; see adopt_api() in plan/adopt.h.
    Fields headers;
    Secret authorization;
    OAuthRules oauth;
    bool operator==(const ApiConfig&) const = default;
};

// Settings of the standalone host; nginx ignores them. Milliseconds and bytes.
struct StandaloneConfig {
    std::vector<std::string> listen;  // "127.0.0.1:8080", "[::1]:8080", "unix:/run/x"
    std::string upstream;             // http://host:port or https://host[:port]
    std::string upstream_ca_file;
    bool upstream_verify = true;
    std::string access_log;  // "" none, "-" standard output, else a file (reopened by USR1)
    std::string error_log;   // "" or "-" standard error
    uint64_t header_bytes = 32768;
    unsigned header_count = 100;
    uint64_t uri_bytes = 8192;
    uint64_t body_bytes = 0;            // largest request body; 0 is no limit
    int64_t header_timeout_ms = 10000;  // total, from the first byte
    int64_t keepalive_timeout_ms = 75000;
    uint64_t body_min_rate = 256;  // bytes a second over 10 s windows, else 408
    int64_t upstream_connect_timeout_ms = 5000;
    int64_t upstream_timeout_ms = 60000;  // between two reads from the upstream
    unsigned upstream_connections = 128;  // idle ones kept
    unsigned client_connections = 10000;
    int64_t stop_timeout_ms = 2500;
    int64_t drain_timeout_ms = 30000;
    bool trust_forwarded = false;  // keep the client's X-Forwarded-* instead of replacing them
};

class Matcher;  // plan/match.h

struct Plan {
    StoreConfig store;
    CaptureConfig capture;
    std::vector<RoutingContext> contexts{1};
    bool method_override = false;  // of any context
    EgressConfig egress;
    AdminConfig admin;
    HydrateConfig hydrate;
    StandaloneConfig standalone;
    std::vector<Hook> hooks;
    // What [delivery] says, over the defaults; subscriptions that an API makes adopt it (plan/adopt.h).
    Subscription delivery;
    std::vector<std::string> delivery_says;  // its keys that are there, whatever their values
    std::vector<Subscription> subscriptions;
    std::vector<ApiConfig> apis;
    std::vector<std::string> claim_paths;  // where claims are answered: "/trotline/claims/"
    std::vector<std::string> warnings;     // literal secrets, world-readable files, …: "file:line:column: …"
    std::string source;                    // the file's name
    uint64_t generation = 0;               // counts loads in this process; for logs and tests
    std::shared_ptr<const Matcher> matcher;

    // A setting in plain text by its dotted key ("standalone.listen"), nth value of a list; nullptr when there is none.
    // For hosts behind the door, which see no C++ types. Numbers are decimal (bytes, milliseconds), booleans
    // "true"/"false".
    const std::string* setting(std::string_view key, size_t nth) const;
    std::vector<std::pair<std::string, std::vector<std::string>>> settings;  // sorted by key; filled by the loader
};

using PlanPtr = std::shared_ptr<const Plan>;

// Does a topic match a pattern of a subscription? "order.*" takes "order.created" and "order.line.added"; "*" takes
// all.
bool topic_matches(std::string_view pattern, std::string_view topic);

}  // namespace trot
