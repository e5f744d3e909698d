#include <fmt/format.h>

#include "plan/delivery_rules.h"
#include "plan/expr.h"
#include "plan/filter_term.h"
#include "plan/format_options.h"
#include "plan/secret_source.h"
#include "plan/tables.h"
#include "plan/units.h"
#include "url/tags.h"

namespace trot {

const KeyList& subscription_keys() {
    static const KeyList keys{
        "subscription[]",
        {"name", "topics", "url", "secret", "format", "options", "when", "allow", "paused", "backfill"}};
    return keys;
}

namespace {

// Its own keys, and those that [delivery] says for all.
const KeyList& all_keys() {
    static const KeyList keys = [] {
        KeyList all = subscription_keys();
        all.keys.insert(all.keys.end(), delivery_keys().keys.begin(), delivery_keys().keys.end());
        return all;
    }();
    return keys;
}

class SubscriptionReader {
  public:
    SubscriptionReader(const RawValue& table, Loading& load, Subscription& out)
        : section_(table, all_keys(), load.report, nullptr), load_(load), report_(load.report), out_(out) {}

    void read(const RawValue* delivery) {
        read_name();
        read_topics();
        if (const RawValue* when = section_.find("when")) {
            Selector selector{out_.topics, {}};
            read_when(*when, report_, selector.terms);
            out_.selectors.push_back(std::move(selector));
        }
        read_format();
        read_url();
        read_secret();
        if (delivery != nullptr) read_defaults(*delivery);
        read_delivery(section_, load_, out_);
        const bool transforms = !out_.shape.transform.empty() && out_.shape.payload == ShapeRules::Payload::full;
        if (out_.batch.most > 1 && (transforms || !out_.filter.empty()))
            report_.mistake(section_.at(),
                            "the subscription has 'batch' and a jq program ('filter' or 'transform', perhaps of "
                            "[delivery]), it can have only one of them: 'when' says what it wants; drop, mask, hash "
                            "and payload what it gets");
        warn_plain();
        read_networks(section_, "allow", out_.allow);
        section_.flag("paused", out_.paused);
        section_.duration("backfill", out_.backfill_ms, 0, 3650 * day_ms);
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

    void read_url() {
        const RawValue* url = section_.find("url");
        if (!url) missing("url", "\"https://warehouse.example/hooks\"");
        std::string text;
        if (!section_.text("url", text)) return;
        const bool tagged = policy_.check_tags != nullptr && has_tags(text);
        Result<CheckedUrl> checked = tagged ? check_tagged_url(text, load_.urls) : check_url(text, load_.urls);
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
        out_.trace = policy_.trace;
        out_.schedule_ms = policy_.schedule_ms.empty() ? default_schedule() : policy_.schedule_ms;
        if (const RawValue* options = section_.find("options"))
            out_.options =
                read_format_options(*options, out_.format,
                                    load_.words.options ? load_.words.options(out_.format) : std::vector<OptionRule>(),
                                    OptionRule::Writer::anyone, report_);
    }

    void read_secret() {
        const RawValue* secret = section_.find("secret");
        if (secret) out_.secrets = read_secrets(*secret, report_, Ends::allowed);
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

    // Credentials in the clear, and rules of a TLS that there is not.
    void warn_plain() {
        if (out_.url.text.empty() || out_.url.https) return;
        if (const RawValue* tls = section_.find("tls"))
            report_.warning(tls->at, "'tls' has no effect, the url is plain http; write it with https");
    }

    // What [delivery] says, over what the format says. Its mistakes have been reported; what does not go with this
    // format (`batch`, a header that the format sets itself) is left out.
    void read_defaults(const RawValue& delivery) {
        Report known = report_;  // with the names of the files, which paths are seen from
        Loading load{known, load_.settings, load_.words, load_.urls, true};
        Section section(delivery, delivery_keys(), known, nullptr);
        read_delivery(section, load, out_);
    }

    Section section_;
    Loading& load_;
    Report& report_;
    Subscription& out_;
    FormatPolicy policy_;  // of the format
};

}  // namespace

void read_subscriptions(const RawValue& list, const RawValue* delivery, Loading& load, std::vector<Subscription>& out) {
    for (const RawValue* table : tables_of(list, "subscription", load.report)) {
        Subscription& subscription = out.emplace_back();
        subscription.at = load.report.place(table->at);
        SubscriptionReader(*table, load, subscription).read(delivery);
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
