#include <fmt/format.h>

#include "crypto/hmac.h"
#include "plan/expr.h"
#include "plan/format_options.h"
#include "plan/secret_source.h"
#include "plan/tables.h"
#include "plan/units.h"
#include "url/header.h"
#include "url/tags.h"

namespace trot {

const KeyList& subscription_keys() {
    static const KeyList keys{
        "subscription[]",
        {"name", "topics", "url", "secret", "format", "options", "basic_auth", "headers", "schedule", "timeout",
         "connect_timeout", "concurrency", "disable_after", "allow", "paused"}};
    return keys;
}

namespace {

constexpr size_t most_attempts = 100;

}  // namespace

// Standard Webhooks: attempts at 0, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h; here as the waits between
// them.
std::vector<int64_t> default_schedule() {
    return {5 * second_ms, 5 * minute_ms, 30 * minute_ms, 2 * hour_ms, 5 * hour_ms,
            10 * hour_ms,  14 * hour_ms,  20 * hour_ms,   24 * hour_ms};
}

namespace {

class SubscriptionReader {
  public:
    SubscriptionReader(const RawValue& table, Loading& load, Subscription& out)
        : section_(table, subscription_keys(), load.report, nullptr), load_(load), report_(load.report), out_(out) {}

    void read(const UrlRules& urls) {
        read_name();
        read_topics();
        read_format();
        read_url(urls);
        read_secret();
        if (const RawValue* headers = section_.find("headers")) read_headers(*headers);
        if (const RawValue* auth = section_.find("basic_auth")) read_basic_auth(*auth);
        read_schedule();
        section_.duration("timeout", out_.timeout_ms, 100, minute_ms);
        section_.duration("connect_timeout", out_.connect_timeout_ms, 10, minute_ms);
        section_.number("concurrency", out_.concurrency, 1, 1024);
        section_.number("disable_after", out_.disable_after, 0, 1000000);
        read_networks(section_, "allow", out_.allow);
        section_.flag("paused", out_.paused);
    }

  private:
    void missing(std::string_view key, std::string_view example) {
        report_.mistake(section_.at(),
                        fmt::format("the subscription has no '{}', add one like {} = {}", key, key, example));
    }

    void read_name() {
        const RawValue* name = section_.find("name");
        if (!name) missing("name", "\"warehouse\"");
        if (!section_.text("name", out_.name)) return;
        bool right = !out_.name.empty() && out_.name.size() <= 100;
        for (const char c : out_.name) right = right && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
        if (!right)
            report_.mistake(name->at, "'name' must be 1 to 100 bytes without control bytes, like \"warehouse\"");
    }

    void read_topics() {
        const RawValue* topics = section_.find("topics");
        if (!topics) missing("topics", "[\"order.*\"]");
        if (!section_.texts("topics", out_.topics)) return;
        if (out_.topics.empty())
            report_.mistake(topics->at, "'topics' is empty, list some like [\"order.*\"], or [\"*\"] for all");
        for (size_t i = 0; i < out_.topics.size(); ++i)
            if (!pattern_is_right(out_.topics[i]))
                report_.mistake(
                    topics->kind == RawValue::Kind::list ? topics->list[i].at : topics->at,
                    fmt::format("topic {} is wrong, write a topic like \"order.created\", \"order.*\" or \"*\"",
                                quoted(out_.topics[i])));
    }

    void read_url(const UrlRules& urls) {
        const RawValue* url = section_.find("url");
        if (!url) missing("url", "\"https://warehouse.example/hooks\"");
        std::string text;
        if (!section_.text("url", text)) return;
        const bool tagged = policy_.check_tags != nullptr && has_tags(text);
        Result<CheckedUrl> checked = tagged ? check_tagged_url(text, urls) : check_url(text, urls);
        if (tagged && checked)
            if (const Result<void> tags = policy_.check_tags(text); !tags) checked = tags.fault();
        if (checked)
            out_.url = std::move(checked).value();
        else
            report_.mistake(url->at, fmt::format("'url' is refused: {}", checked.fault().text));
    }

    void read_format() {
        if (load_.words.formats.empty())
            section_.text("format", out_.format);
        else
            section_.choice("format", out_.format, load_.words.formats);
        if (load_.words.policy) policy_ = load_.words.policy(out_.format);
        out_.timeout_ms = policy_.timeout_ms;
        out_.connect_timeout_ms = policy_.connect_timeout_ms;
        out_.disable_after = policy_.disable_after;
        if (const RawValue* options = section_.find("options"))
            out_.options =
                read_format_options(*options, out_.format,
                                    load_.words.options ? load_.words.options(out_.format) : std::vector<OptionRule>(),
                                    OptionRule::Writer::anyone, report_);
    }

    // RFC 7617: the user's name ends at the first colon.
    void read_basic_auth(const RawValue& value) {
        static const KeyList keys{"subscription[].basic_auth", {"user", "password"}};
        if (value.kind != RawValue::Kind::table) {
            wrong_type(value, "basic_auth", "{ user = \"NAME\", password = { env = \"NAME\" } }", report_);
            return;
        }
        Section section(value, keys, report_, nullptr);
        std::string user;
        const RawValue* password = section.find("password");
        if (!section.text("user", user) || user.empty() || user.find(':') != std::string::npos || password == nullptr) {
            report_.mistake(value.at,
                            "'basic_auth' needs a user without a colon and a password, like "
                            "{ user = \"NAME\", password = { env = \"NAME\" } }");
            return;
        }
        const std::vector<Secret> secrets = read_secrets(*password, report_);
        if (secrets.size() != 1) {
            if (!secrets.empty()) report_.mistake(password->at, "'password' must be one, not a list of them");
            return;
        }
        const Secret pair(user + ":" + std::string(secrets.front().reveal()));
        out_.authorization = Secret("Basic " + base64(pair.reveal()));
        if (find_field(out_.headers, "Authorization"))
            report_.mistake(value.at, "'basic_auth' and a header Authorization are two for one, remove one");
    }

    void read_secret() {
        const RawValue* secret = section_.find("secret");
        if (secret) out_.secrets = read_secrets(*secret, report_);
        if (!load_.words.check_secret) return;
        if (!secret) {
            if (const Result<void> none = load_.words.check_secret(out_.format, Secret()); !none)
                missing("secret", "{ env = \"NAME\" }");
            return;
        }
        for (const Secret& one : out_.secrets)
            if (const Result<void> fits = load_.words.check_secret(out_.format, one); !fits)
                report_.mistake(secret->at, fmt::format("the secret does not fit format \"{}\": {}", out_.format,
                                                        fits.fault().text));
    }

    void read_headers(const RawValue& headers) {
        if (headers.kind != RawValue::Kind::table) {
            wrong_type(headers, "headers", "a table like { \"X-Shop\" = \"north\" }", report_);
            return;
        }
        for (const RawMember& header : headers.members) {
            if (header.value.kind != RawValue::Kind::text)
                wrong_type(header.value, header.name, "a string", report_);
            else if (const Result<void> checked = check_header(header.name, header.value.text); !checked)
                report_.mistake(header.at, checked.fault().text);
            else if (belongs_to_us(header.name))
                report_.mistake(header.at,
                                fmt::format("header {} is set by Trotline itself, choose another name", header.name));
            else if (find_field(out_.headers, header.name))
                report_.mistake(header.at, fmt::format("header {} is there twice, remove one", header.name));
            else
                out_.headers.push_back({header.name, header.value.text});
        }
    }

    // Names of the format (signatures) and of ours; what frames a message is check_header's to know.
    bool belongs_to_us(std::string_view name) {
        const auto begins = [name](std::string_view prefix) {
            return equal_nocase(name.substr(0, prefix.size()), prefix);
        };
        if (begins("trotline-") || begins("proxy-")) return true;
        if (!load_.words.reserved) return false;
        const std::vector<std::string_view> names = load_.words.reserved(out_.format);
        return std::any_of(names.begin(), names.end(),
                           [name](std::string_view one) { return equal_nocase(one, name); });
    }

    void read_schedule() {
        const RawValue* schedule = section_.find("schedule");
        if (!schedule) {
            out_.schedule_ms = policy_.schedule_ms.empty() ? default_schedule() : policy_.schedule_ms;
            return;
        }
        if (schedule->kind != RawValue::Kind::list) {
            wrong_type(*schedule, "schedule", "a list of waits like [\"5s\", \"5m\", \"1h\"]", report_);
            return;
        }
        if (schedule->list.size() >= most_attempts)
            report_.mistake(schedule->at, fmt::format("'schedule' has {} waits, it must be fewer than {}",
                                                      schedule->list.size(), most_attempts));
        for (const RawValue& wait : schedule->list) {
            int64_t ms = 0;
            if (read_duration(wait, "schedule", ms, 50, 30 * 24 * hour_ms, report_)) out_.schedule_ms.push_back(ms);
        }
    }

    Section section_;
    Loading& load_;
    Report& report_;
    Subscription& out_;
    FormatPolicy policy_;  // of the format
};

}  // namespace

void read_subscriptions(const RawValue& list, Loading& load, const UrlRules& urls, std::vector<Subscription>& out) {
    for (const RawValue* table : tables_of(list, "subscription", load.report)) {
        Subscription& subscription = out.emplace_back();
        subscription.at = load.report.place(table->at);
        SubscriptionReader(*table, load, subscription).read(urls);
        const auto same = [&](const Subscription& other) { return other.name == subscription.name; };
        const auto first = std::find_if(out.begin(), out.end() - 1, same);
        if (first != out.end() - 1 && !subscription.name.empty())
            load.report.mistake(table->at,
                                fmt::format("subscription {} is there twice, the first is at {}; names are identities, "
                                            "choose another",
                                            quoted(subscription.name), first->at));
    }
}

}  // namespace trot
