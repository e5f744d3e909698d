#include "manage/woocommerce/draft.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "crypto/hmac.h"
#include "dialect/style.h"
#include "manage/sent.h"
#include "manage/woocommerce/topics.h"
#include "url/check.h"

namespace trot::woo {
namespace {

constexpr size_t longest_text = 1000;
constexpr size_t longest_url = 2048;
constexpr size_t most_others = 16384;  // bytes of unknown attributes, as JSON

// Members that the API gives out and takes no word on, and parameters of the request itself.
constexpr std::array<std::string_view, 21> not_kept{"id",
                                                    "resource",
                                                    "event",
                                                    "hooks",
                                                    "created_at",
                                                    "updated_at",
                                                    "date_created",
                                                    "date_created_gmt",
                                                    "date_modified",
                                                    "date_modified_gmt",
                                                    "_links",
                                                    "context",
                                                    "force",
                                                    "_method",
                                                    "_fields",
                                                    "_envelope",
                                                    "consumer_key",
                                                    "consumer_secret",
                                                    "oauth_consumer_key",
                                                    "oauth_signature",
                                                    "oauth_nonce"};

bool is_said(std::string_view name) {
    return name == "name" || name == "topic" || name == "delivery_url" || name == "secret" || name == "status";
}

Mistake read_text(const json_t* said, const char* member, size_t most, std::string& out) {
    const json_t* value = json_object_get(said, member);
    if (is_empty(value)) return {};
    if (!json_is_string(value)) return {member, Mistake::Kind::type};
    out.assign(json_string_value(value), json_string_length(value));
    if (out.size() > most) return {member, Mistake::Kind::length};
    const bool control =
        std::any_of(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    return control ? Mistake{member, Mistake::Kind::control} : Mistake{};
}

Json others_of(const json_t* attributes) {
    Json out;
    const char* name = nullptr;
    json_t* value = nullptr;
    json_object_foreach(const_cast<json_t*>(attributes), name, value) {
        const std::string_view key = name;
        if (is_said(key) || std::find(not_kept.begin(), not_kept.end(), key) != not_kept.end()) continue;
        if (!out) out.reset(json_object());
        json_object_set(out.get(), name, value);
    }
    return out;
}

void set_option(FormatOptions& options, std::string_view name, std::string value) {
    if (option_values(options, name) == nullptr) options.push_back({std::string(name), {std::move(value)}});
}

void set_state(SubscriptionRow& row, const std::string& status) {
    if (status == "active") {
        row.state = SubscriptionState::active;
        row.reason.clear();
        row.failures = 0;
    } else if (status == "paused") {
        row.state = SubscriptionState::paused;
        row.reason = paused_by_api;
    } else {
        row.state = SubscriptionState::disabled;
        row.reason = "disabled through its API";
    }
}

// Unknown attributes join those that are kept; null takes one away.
bool keep_others(std::string& document, const json_t* others) {
    Result<Json> kept = parse_json(document);
    if (!kept || !json_is_object(kept.value().get())) kept = Json(json_object());
    const char* name = nullptr;
    json_t* value = nullptr;
    json_object_foreach(const_cast<json_t*>(others), name, value) {
        if (json_is_null(value))
            json_object_del(kept.value().get(), name);
        else
            json_object_set(kept.value().get(), name, value);
    }
    document = spell_json(kept.value().get());
    return document.size() <= most_others;
}

Mistake change_url(Draft& draft, const std::string& text, const Caller& caller, const ApiWorld& world) {
    if (!check_url(text, world.plan.egress.urls)) return {"delivery_url", Mistake::Kind::value};
    const Result<CheckedUrl> url = world.check_url(text, *caller.api);
    if (!url) return {"delivery_url", Mistake::Kind::guarded};
    draft.settings.url = url.value();
    return {};
}

}  // namespace

bool is_empty(const json_t* value) {
    if (value == nullptr || json_is_null(value) || json_is_false(value)) return true;
    if (json_is_integer(value)) return json_integer_value(value) == 0;
    if (json_is_real(value)) return json_real_value(value) == 0.0;
    if (json_is_array(value)) return json_array_size(value) == 0;
    if (json_is_object(value)) return json_object_size(value) == 0;
    if (!json_is_string(value)) return false;
    const std::string_view text(json_string_value(value), json_string_length(value));
    return text.empty() || text == "0";
}

Mistake read_wanted(const json_t* said, const json_t* attributes, Wanted& out) {
    if (const Mistake wrong = read_text(said, "topic", longest_text, out.topic)) return wrong;
    if (const Mistake wrong = read_text(said, "delivery_url", longest_url, out.delivery_url)) return wrong;
    if (const Mistake wrong = read_text(said, "secret", longest_text, out.secret)) return wrong;
    if (const Mistake wrong = read_text(said, "status", longest_text, out.status)) return wrong;
    if (const Mistake wrong = read_text(said, "name", longest_text, out.name)) return wrong;
    if (attributes != nullptr) out.others = others_of(attributes);
    return {};
}

Draft new_draft(const Caller& caller, Family family, const std::string& source) {
    Draft draft;
    draft.settings = new_settings(*caller.api, "woocommerce");
    FormatOptions& options = draft.settings.options;
    if (family == Family::legacy) {
        set_option(options, "payload", "legacy");
    } else if (option_values(options, "version") == nullptr) {
        set_option(options, "version", "6.5.1");
        set_option(options, "wordpress", "6.1.9");
    }
    // The header came with 2.6: what is told of the shop is where its client found it.
    if (is_modern(*caller.api, family)) set_option(options, "source", source);
    draft.managed.document = "{}";
    return draft;
}

Mistake change_draft(Draft& draft, const Wanted& wanted, const Caller& caller, Family family, const ApiWorld& world) {
    if (!wanted.topic.empty()) {
        std::optional<std::string> topic = read_topic(wanted.topic, world.plan);
        if (!topic) return {"topic", Mistake::Kind::value};
        draft.settings.topics = {std::move(*topic)};
        draft.settings.selectors.clear();
    }
    if (!wanted.delivery_url.empty())
        if (const Mistake wrong = change_url(draft, wanted.delivery_url, caller, world)) return wrong;
    if (!wanted.secret.empty()) draft.settings.secrets = {Secret(wanted.secret)};
    if (!wanted.status.empty()) {
        const std::string status = lower(wanted.status);
        const bool known = status == "active" || status == "paused" || status == "disabled";
        // The legacy API takes any other word for "disabled".
        if (!known && family == Family::rest) return {"status", Mistake::Kind::value};
        set_state(draft.managed.row, status);
    }
    if (!wanted.name.empty()) draft.managed.title = wanted.name;
    if (wanted.others && !keep_others(draft.managed.document, wanted.others.get()))
        return {"attributes", Mistake::Kind::length};
    describe(draft.managed, draft.settings, *caller.api);
    return {};
}

std::string default_name(int64_t now_ms) {
    const time_t seconds = now_ms / 1000;
    tm parts{};
    gmtime_r(&seconds, &parts);
    char text[64];
    const size_t size = strftime(text, sizeof text, "Webhook created on %b %d, %Y @ %I:%M %p", &parts);
    return {text, size};
}

std::string default_secret(const Caller& caller, Family family) {
    if (!is_modern(*caller.api, family)) return std::string(caller.key->secret.reveal());
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string out = random_bytes(50);
    for (char& c : out) c = letters[static_cast<unsigned char>(c) % letters.size()];
    return out;
}

}  // namespace trot::woo
