// The table readers: RawConfig's tables into the Plan's structs, one .cc each (table_*.cc). Callers: load.cc.
// Threads: one load, one thread.
#pragma once

#include <vector>

#include "plan/dialect_options.h"
#include "plan/load.h"
#include "plan/section.h"

namespace trot {

// What a reader works with: where mistakes go, where values in force are noted, what dialects know.
struct Loading {
    Report& report;
    Settings& settings;
    const Vocabulary& words;
    const UrlRules& urls;  // of [egress], which is read before the tables that need them
    bool again = false;    // a table that has been read before: its files need not be looked at once more
};

const KeyList& top_keys();
const KeyList& store_keys();
const KeyList& capture_keys();
const KeyList& egress_keys();
const KeyList& admin_keys();
const KeyList& standalone_keys();
const KeyList& hydrate_keys();
const KeyList& hook_keys();
// A dialect's declarations may have `only` besides.
KeyList with_only(const KeyList& keys);
const KeyList& job_keys();
const KeyList& job_result_keys();
const KeyList& snapshot_keys();
const KeyList& subscription_keys();
const KeyList& tls_keys();    // of [delivery.tls], and of [subscription.tls]
const KeyList& oauth_keys();  // of [delivery.oauth], and of [subscription.oauth] and [api.oauth]
const KeyList& api_keys();
const KeyList& api_key_keys();

void read_store(const RawValue& table, Loading& load, StoreConfig& out);
void read_capture(const RawValue& table, Loading& load, CaptureConfig& out, RoutingContext& context);
// A dialect's: its hooks read requests as `context` says; what it adds to `redact` holds for all.
void read_dialect_capture(const RawValue& table, Loading& load, CaptureConfig& out, RoutingContext& context);
void note_capture(const Plan& plan, Settings& settings);  // in force, once the dialects have added theirs
void read_egress(const RawValue& table, Loading& load, EgressConfig& out);
void read_admin(const RawValue& table, Loading& load, AdminConfig& out);
void read_standalone(const RawValue& table, Loading& load, StandaloneConfig& out);
// table: null when there is no [hydrate]. What it does not say of its upstream is taken from [standalone].
void read_hydrate(const RawValue* table, Loading& load, const StandaloneConfig& standalone, HydrateConfig& out);

// The file whose hooks are read: how it reads requests, and its options (null: not a dialect).
struct HookFile {
    uint32_t context = 0;
    const DialectOptions* options = nullptr;
};
void read_hooks(const RawValue& list, Loading& load, const HookFile& file, std::vector<Hook>& out);
void read_jobs(const RawValue& list, Loading& load, const HookFile& file, std::vector<Hook>& out);
void read_snapshots(const RawValue& list, Loading& load, const HookFile& file, std::vector<Hook>& out);
// [[hook]], [[job]] and [[snapshot]] of a file, in this order.
void read_all_hooks(const RawValue& root, Loading& load, const HookFile& file, std::vector<Hook>& out);
// delivery: the table [delivery], null when there is none.
void read_subscriptions(const RawValue& list, const RawValue* delivery, Loading& load, std::vector<Subscription>& out);

void read_apis(const RawValue& list, Loading& load, std::vector<ApiConfig>& out);

// The tables of [[name]]; anything else is a mistake and gives none.
std::vector<const RawValue*> tables_of(const RawValue& value, std::string_view name, Report& report);

// A list of CIDRs ("10.20.0.0/16", "2001:db8::/32", a bare address is a whole prefix), checked as text.
void read_networks(Section& section, std::string_view key, std::vector<std::string>& out);

// http://host[:port] or https://host[:port], nothing behind.
bool upstream_is_right(std::string_view url);

// "127.0.0.1:8080", "[::1]:8080", "unix:/run/x"; the fault says what would be right.
Result<void> check_listen(std::string_view text);

// "async" or "hold"; "intent" is refused for now.
bool read_guarantee(Section& section, Guarantee& out);
bool read_on_fault(Section& section, OnFault& out);

}  // namespace trot
