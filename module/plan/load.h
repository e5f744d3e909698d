// File → RawConfig → Plan. Reports every mistake at once, each as "file:line:column: what is wrong, what would be
// right"; has no side effect (safe as root, before fork, in `nginx -t`). Callers: the door, tests. Threads: any; not on
// a loop (reads files).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"

namespace trot {

// An option of a format: what [subscription.options] and [api.options] may say.
struct OptionRule {
    enum class Kind { text, flag, choice, texts };
    std::string_view name;
    Kind kind = Kind::text;
    std::vector<std::string_view> choices = {};  // of a choice; digits are written as integers
    std::string_view right = {};                 // for messages: "a version like \"6.5.1\""
    bool (*fits)(std::string_view) = nullptr;    // a text, or each of texts; null takes any
    size_t most = 200;                           // bytes of a text; of each and of their number for texts
    bool live = false;  // the newest value counts, also for deliveries that were made before (else: the value then)
    // Who may write it: who declares a subscription or an API, only who declares an API ([api.options]), or nobody:
    // Trotline itself sets it for a message of its own.
    enum class Writer { anyone, apis, nobody };
    Writer writer = Writer::anyone;
};

// What a format's subscriptions do unless they say otherwise.
struct FormatPolicy {
    std::vector<int64_t> schedule_ms = {};  // empty: Standard Webhooks'
    int64_t timeout_ms = 15000;
    int64_t connect_timeout_ms = 5000;
    unsigned disable_after = 0;
    bool trace = true;  // false where a receiver made for the format shall see nothing besides
    // Are the Mustache tags in a URL right? Null: the format knows none, a brace is a brace.
    Result<void> (*check_tags)(std::string_view url) = nullptr;
};

std::vector<int64_t> default_schedule();  // Standard Webhooks'

// What the loader must know of dialects without including them (they are a room on the same floor that knows plan). The
// door passes dialect's shipped_vocabulary().
struct Vocabulary {
    std::vector<std::string_view> formats;
    // Does the secret fit the format? Null accepts every one.
    std::function<Result<void>(std::string_view format, const Secret&)> check_secret;
    // Header names (lower case) that the format itself sets.
    std::function<std::vector<std::string_view>(std::string_view format)> reserved;
    // Options and defaults of a format. Null: formats have none.
    std::function<std::vector<OptionRule>(std::string_view format)> options;
    std::function<FormatPolicy(std::string_view format)> policy;
    // May several deliveries go in one request? Null: with all formats.
    std::function<bool(std::string_view format, const FormatOptions& options)> batches;
    // Does jq take a program, and may it say what it says? Null accepts every one. It may block for seconds.
    std::function<Result<void>(std::string_view program)> check_program;
    // Why no delivery reaches a URL that names an address, and what would be right; "" when one may, or a name says
    // where. place: who has the key `allow`. Null: nothing is looked at.
    std::function<std::string(const Plan& plan, const CheckedUrl& url, const std::vector<std::string>& allow,
                              std::string_view place)>
        refused;
    // TOML text of a shipped dialect; empty when unknown.
    std::function<std::string_view(std::string_view name)> dialect;
    std::vector<std::string_view> dialects;
};

// The file and all that it includes. Fault{Code::config}: text is one mistake a line.
Result<PlanPtr> load_plan(const std::string& path, const Vocabulary& words);

// The same for a text; `name` stands for the file in messages, relative includes and secret files are looked up beside
// it.
Result<PlanPtr> parse_plan(std::string_view text, const std::string& name, const Vocabulary& words);

// Every key the loader knows, dotted ("hook[].match"), for the test that conf/trotline.toml documents each of them.
std::vector<std::string> known_keys();
// Those that only dialect files know: of [option.NAME], [[unseen]] and [[hook]].
std::vector<std::string> known_dialect_keys();

}  // namespace trot
