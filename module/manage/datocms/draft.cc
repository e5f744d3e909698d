// take_attributes(): what a client wants of a webhook, looked at attribute by attribute.
#include <algorithm>
#include <array>

#include "crypto/hmac.h"
#include "dialect/format.h"
#include "dialect/style.h"
#include "dialect/url_template.h"
#include "manage/datocms/events.h"
#include "manage/datocms/webhook.h"
#include "manage/sent.h"
#include "url/header.h"
#include "url/tags.h"

namespace trot::datocms {
namespace {

constexpr size_t most_name = 1000;
constexpr size_t most_headers = 50;
constexpr size_t most_header = 4096;
constexpr const char* required = "VALIDATION_REQUIRED";
constexpr const char* format = "VALIDATION_FORMAT";
constexpr const char* length = "VALIDATION_LENGTH";

constexpr std::array<std::string_view, 11> known_attributes{
    "name",           "url",     "http_basic_user",     "http_basic_password",     "headers",   "events",
    "custom_payload", "enabled", "payload_api_version", "nested_items_in_payload", "auto_retry"};

std::string_view text_in(const json_t* value) { return {json_string_value(value), json_string_length(value)}; }

bool is_plain(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void drop_option(FormatOptions& options, std::string_view name) {
    std::erase_if(options, [name](const FormatOption& one) { return one.name == name; });
}

void set_option(FormatOptions& options, std::string_view name, std::string_view value) {
    drop_option(options, name);
    options.push_back({std::string(name), {std::string(value)}});
}

const OptionRule& rule_of(std::string_view name) {
    const std::vector<OptionRule>& rules = find_format("datocms")->options();
    return *std::find_if(rules.begin(), rules.end(), [name](const OptionRule& rule) { return rule.name == name; });
}

bool fits(std::string_view option, std::string_view value) {
    const OptionRule& rule = rule_of(option);
    return value.size() <= rule.most && (rule.fits == nullptr || rule.fits(value));
}

class Draft {
  public:
    Draft(const Visit& visit, Subscription settings, Json document, ManagedRow& row, Problems& problems)
        : visit_(visit),
          settings_(std::move(settings)),
          document_(std::move(document)),
          row_(row),
          problems_(problems),
          fresh_(row.row.number == 0) {}

    void take(const json_t* attributes) {
        attributes_ = attributes;
        name();
        url();
        headers();
        events();
        credential();
        custom_payload();
        enabled();
        version();
        flag("nested_items_in_payload");
        flag("auto_retry");
        unknown();
        if (problems_.empty()) finish();
    }

  private:
    void wrong(std::string_view field, std::string_view code, std::string_view why) {
        problems_.push_back(invalid_field(field, code, why));
    }

    // The attribute, when it is there. One of the four that the seed calls required must be, in a new webhook.
    const json_t* given(const char* name, bool needed = false) {
        const json_t* value = json_object_get(attributes_, name);
        if (value == nullptr && needed && fresh_) wrong(name, required, "it must be there");
        return value;
    }

    void name() {
        const json_t* value = given("name", true);
        if (value == nullptr) return;
        if (!json_is_string(value)) return wrong("name", format, "it is a string");
        const std::string_view text = text_in(value);
        if (text.empty()) return wrong("name", required, "it must not be empty");
        if (text.size() > most_name) return wrong("name", length, "it is longer than 1,000 bytes");
        if (!is_plain(text)) return wrong("name", format, "it holds a line break or another control byte");
        row_.title = text;
    }

    // The form first, whose text may be shown; of where it leads nothing is told.
    void url() {
        const json_t* value = given("url", true);
        if (value == nullptr) return;
        if (!json_is_string(value)) return wrong("url", format, "it is a string");
        const std::string_view text = text_in(value);
        if (text.empty()) return wrong("url", required, "it must not be empty");
        if (text.size() > 2048) return wrong("url", length, "it is longer than 2,048 bytes");
        const UrlRules& rules = visit_.world.plan.egress.urls;
        const bool tagged = has_tags(text);
        if (tagged)
            if (const Result<UrlTemplate> tags = UrlTemplate::read(text); !tags)
                return wrong("url", format, tags.fault().text);
        Result<CheckedUrl> checked = tagged ? check_tagged_url(text, rules) : check_url(text, rules);
        if (!checked) return wrong("url", format, checked.fault().text);
        const std::string plain = tagged ? without_tags(text).value() : std::string(text);
        if (!visit_.world.check_url(plain, visit_.api))
            return wrong("url", format, "it leads to where webhooks may not be sent");
        const bool moved = checked.value().text != settings_.url.text;
        settings_.url = std::move(checked).value();
        // As the dispatcher promises: a new address is a new chance.
        if (moved && row_.row.state == SubscriptionState::disabled) activate();
    }

    void headers() {
        const json_t* value = given("headers", true);
        if (value == nullptr) return;
        if (!json_is_object(value)) return wrong("headers", format, "it is an object of strings");
        if (json_object_size(value) > most_headers) return wrong("headers", length, "it has more than 50 headers");
        settings_.headers.clear();
        std::string content_type;
        const char* name = nullptr;
        json_t* one = nullptr;
        json_object_foreach(const_cast<json_t*>(value), name, one) {
            if (!json_is_string(one)) return wrong("headers", format, "each is a string");
            if (text_in(one).size() > most_header) return wrong("headers", length, "one is longer than 4,096 bytes");
            if (equal_nocase(name, "Content-Type")) {
                if (!content_type.empty() || !fits("content_type", text_in(one)))
                    return wrong("headers", format, "Content-Type is a media type, once");
                content_type = text_in(one);
                continue;
            }
            if (const Result<void> checked = check_header(name, text_in(one)); !checked)
                return wrong("headers", format, checked.fault().text);
            if (is_ours(name)) return wrong("headers", format, "one is set by the sender itself");
            if (find_field(settings_.headers, name) != nullptr) return wrong("headers", format, "one is there twice");
            settings_.headers.push_back({name, std::string(text_in(one))});
        }
        set_content_type(content_type);
    }

    // A header of that name takes the place of the format's [D].
    void set_content_type(const std::string& own) {
        drop_option(settings_.options, "content_type");
        json_object_set_new(document_.get(), "own_content_type", json_boolean(!own.empty()));
        const std::vector<std::string>* usual = option_values(visit_.api.options, "content_type");
        if (!own.empty())
            set_option(settings_.options, "content_type", own);
        else if (usual != nullptr)
            set_option(settings_.options, "content_type", usual->front());
    }

    static bool is_ours(std::string_view name) {
        const auto begins = [name](std::string_view prefix) {
            return equal_nocase(name.substr(0, prefix.size()), prefix);
        };
        if (begins("trotline-") || begins("proxy-")) return true;
        const std::vector<std::string_view> names = find_format("datocms")->reserved();
        return std::any_of(names.begin(), names.end(), [name](auto one) { return equal_nocase(one, name); });
    }

    void events() {
        const json_t* value = given("events", true);
        if (value == nullptr) return;
        if (Json kept = read_events(value, problems_)) json_object_set_new(document_.get(), "events", kept.release());
    }

    // null or a string; nothing, and a problem, when it is another thing.
    const json_t* text_or_null(const char* name) {
        const json_t* value = given(name);
        if (value == nullptr || json_is_null(value)) return value;
        if (!json_is_string(value))
            wrong(name, format, "it is a string or null");
        else if (text_in(value).size() > most_name)
            wrong(name, length, "it is longer than 1,000 bytes");
        else if (!is_plain(text_in(value)))
            wrong(name, format, "it holds a line break or another control byte");
        else
            return value;
        return nullptr;
    }

    void credential() {
        const json_t* user = text_or_null("http_basic_user");
        const json_t* password = text_or_null("http_basic_password");
        if (json_is_string(user) && text_in(user).find(':') != std::string_view::npos)
            return wrong("http_basic_user", format, "a user's name has no colon (RFC 7617)");
        if (user == nullptr && password == nullptr) return check_one_credential();
        std::string secret;
        const bool had = json_is_true(json_object_get(document_.get(), "has_password"));
        if (password == nullptr && had) {
            const std::string_view basic = settings_.authorization.reveal();
            const Result<std::string> pair = unbase64(basic.substr(std::min<size_t>(basic.size(), 6)));
            if (pair) secret = pair.value().substr(pair.value().find(':') + 1);
        } else if (json_is_string(password)) {
            secret = text_in(password);
        }
        const bool has = password == nullptr ? had : json_is_string(password);
        json_object_set_new(document_.get(), "has_password", json_boolean(has));
        if (user != nullptr) json_object_set_new(document_.get(), "http_basic_user", json_deep_copy(user));
        const std::string name(text_of(document_.get(), "http_basic_user"));
        const bool any = has || !name.empty();
        settings_.authorization = any ? Secret("Basic " + base64(name + ":" + secret)) : Secret();
        check_one_credential();
    }

    void check_one_credential() {
        if (!settings_.authorization.empty() && find_field(settings_.headers, "Authorization") != nullptr)
            wrong("headers", format, "a header Authorization and http_basic_user are two for one");
    }

    void custom_payload() {
        const json_t* value = given("custom_payload");
        if (value == nullptr) return;
        if (!json_is_string(value) && !json_is_null(value))
            return wrong("custom_payload", format, "it is a string or null");
        const std::string_view text = json_is_string(value) ? text_in(value) : std::string_view();
        if (text.size() > rule_of("custom_payload").most)
            return wrong("custom_payload", length, "it is longer than 16 KiB");
        if (!fits("custom_payload", text))
            return wrong("custom_payload", format, "it is no Mustache template: each section closed, no partials");
        if (text.empty())
            drop_option(settings_.options, "custom_payload");
        else
            set_option(settings_.options, "custom_payload", text);
    }

    void activate() {
        row_.row.state = SubscriptionState::active;
        row_.row.reason.clear();
        row_.row.failures = 0;
    }

    void enabled() {
        const json_t* value = given("enabled");
        if (value == nullptr) return;
        if (!json_is_boolean(value)) return wrong("enabled", format, "it is true or false");
        if (json_is_true(value)) {
            if (row_.row.state != SubscriptionState::active) activate();
        } else if (row_.row.state == SubscriptionState::active) {
            row_.row.state = SubscriptionState::paused;
            row_.row.reason = paused_by_api;
        }
    }

    void version() {
        const json_t* value = given("payload_api_version");
        if (value == nullptr) return;
        const std::string_view text = json_is_string(value) ? text_in(value) : std::string_view();
        if (text != "2" && text != "3")
            return wrong("payload_api_version", "VALIDATION_INCLUSION", "it is \"2\" or \"3\"");
        set_option(settings_.options, "version", text);
    }

    void flag(const char* name) {
        const json_t* value = given(name);
        if (value == nullptr) return;
        if (!json_is_boolean(value)) return wrong(name, format, "it is true or false");
        json_object_set_new(document_.get(), name, json_boolean(json_is_true(value)));
    }

    // They survive, also an update that does not name them.
    void unknown() {
        json_t* more = json_object_get(document_.get(), "more");
        const char* name = nullptr;
        json_t* value = nullptr;
        json_object_foreach(const_cast<json_t*>(attributes_), name,
                            value) if (std::find(known_attributes.begin(), known_attributes.end(), name) ==
                                       known_attributes.end()) json_object_set_new(more, name, json_deep_copy(value));
    }

    void finish() {
        // "If enabled, the system will attempt to retry" [C]; without it there is one attempt.
        const bool retries = json_is_true(json_object_get(document_.get(), "auto_retry"));
        settings_.schedule_ms = retries ? find_format("datocms")->policy().schedule_ms : std::vector<int64_t>();
        const std::string_view primary = option(visit_.api.options, "environment", "main");
        settings_.selectors = selectors_of(json_object_get(document_.get(), "events"), primary);
        settings_.topics.clear();
        for (const Selector& selector : settings_.selectors)
            for (const std::string& topic : selector.topics)
                if (std::find(settings_.topics.begin(), settings_.topics.end(), topic) == settings_.topics.end())
                    settings_.topics.push_back(topic);
        row_.document = spell_json(document_.get());
        describe(row_, settings_, visit_.api);
    }

    const Visit& visit_;
    Subscription settings_;
    Json document_;
    ManagedRow& row_;
    Problems& problems_;
    const bool fresh_;
    const json_t* attributes_ = nullptr;
};

Subscription first_settings(const ApiConfig& api) {
    Subscription settings = new_settings(api, "datocms");
    if (!api.tenant.empty() && option_values(settings.options, "site_id") == nullptr)
        set_option(settings.options, "site_id", api.tenant);
    return settings;
}

}  // namespace

Result<void> take_attributes(const Visit& visit, const json_t* attributes, ManagedRow& row, Problems& problems) {
    const bool fresh = row.row.number == 0;
    Result<Json> kept = parse_json(fresh ? R"({"events":[],"more":{}})" : std::string_view(row.document));
    if (!kept || !json_is_object(json_object_get(kept.value().get(), "more")))
        return Fault{Code::damaged, "a webhook's document cannot be read"};
    Result<Subscription> settings = fresh ? first_settings(visit.api) : settings_of(row, visit.world.plan);
    if (!settings) return settings.fault();
    Draft(visit, std::move(settings).value(), std::move(kept).value(), row, problems).take(attributes);
    return {};
}

}  // namespace trot::datocms
