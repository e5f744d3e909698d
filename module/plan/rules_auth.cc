// How a subscription proves to its endpoint who we are, besides signing (basic_auth, bearer, oauth), and the headers
// that go with each delivery. At most one of them makes the Authorization header.

#include <fmt/format.h>

#include <algorithm>

#include "crypto/hmac.h"
#include "plan/delivery_rules.h"
#include "plan/secret_source.h"
#include "url/header.h"

namespace trot {

const KeyList& oauth_keys() {
    static const KeyList keys{"delivery.oauth",
                              {"token_url", "client_id", "client_secret", "scope", "audience", "auth"}};
    return keys;
}

namespace {

class CredentialReader {
  public:
    CredentialReader(Section& section, Loading& load, Subscription& out)
        : section_(section), load_(load), report_(load.report), out_(out) {}

    void read() {
        drop_defaults();
        if (const RawValue* headers = section_.find("headers")) read_headers(*headers);
        if (const RawValue* auth = section_.find("basic_auth")) read_basic(*auth);
        if (const RawValue* bearer = section_.find("bearer")) read_bearer(*bearer);
        if (const RawValue* oauth = section_.find("oauth")) read_oauth(*oauth);
    }

  private:
    // Its own headers go instead of [delivery]'s, its own credential instead of whatever makes one there.
    void drop_defaults() {
        const RawValue* headers = section_.find("headers");
        if (headers != nullptr) out_.headers.clear();
        const auto is_one = [](const auto& header) { return equal_nocase(header.name, "authorization"); };
        const bool own = section_.find("basic_auth") != nullptr || section_.find("bearer") != nullptr ||
                         section_.find("oauth") != nullptr ||
                         (headers != nullptr && std::any_of(headers->members.begin(), headers->members.end(), is_one));
        if (!own) return;
        out_.authorization = Secret();
        out_.oauth = OAuthRules();
        std::erase_if(out_.headers, is_one);
    }

    // One Authorization header, whoever makes it.
    void claim(std::string_view key, const Mark& at) {
        if (!maker_.empty())
            report_.mistake(
                at, fmt::format("'{}' and {} are two for one Authorization header, remove one", key,
                                maker_ == "Authorization" ? "a header Authorization" : fmt::format("'{}'", maker_)));
        maker_ = key;
    }

    // RFC 7617: the user's name ends at the first colon.
    void read_basic(const RawValue& value) {
        static const KeyList keys{"basic_auth", {"user", "password"}};
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
        const Secret secret = read_one_secret(*password, "password", report_);
        if (secret.empty()) {
            if (password->kind == RawValue::Kind::text) report_.mistake(password->at, "'password' is empty");
            return;
        }
        const Secret pair(user + ":" + std::string(secret.reveal()));
        out_.authorization = Secret("Basic " + base64(pair.reveal()));
        claim("basic_auth", value.at);
    }

    // RFC 6750 2.1, but any value that a header may have: there are tokens with other bytes.
    void read_bearer(const RawValue& value) {
        const Secret token = read_one_secret(value, "bearer", report_);
        if (token.empty()) return;
        const std::string_view text = token.reveal();
        if (!is_header_value(text) || text.front() == ' ' || text.back() == ' ') {
            report_.mistake(value.at,
                            "the token of 'bearer' begins or ends with a blank, or holds a line break or another "
                            "control byte; it must be the token alone");
            return;
        }
        if (equal_nocase(text.substr(0, 7), "bearer "))
            report_.mistake(value.at, "the token of 'bearer' begins with \"Bearer \", which is sent anyway; remove it");
        out_.authorization = Secret("Bearer " + std::string(text));
        claim("bearer", value.at);
    }

    void read_oauth(const RawValue& table) {
        if (table.kind != RawValue::Kind::table) {
            wrong_type(
                table, "oauth",
                "a table like { token_url = \"https://…\", client_id = \"NAME\", client_secret = { env = \"NAME\" } }",
                report_);
            return;
        }
        Section section(table, oauth_keys(), report_, nullptr);
        OAuthRules rules;
        std::string url;
        section.text("token_url", url);
        section.text("client_id", rules.client_id);
        section.text("scope", rules.scope);
        section.text("audience", rules.audience);
        std::string auth = "basic";
        section.choice("auth", auth, {"basic", "body"});
        rules.in_body = auth == "body";
        if (const RawValue* secret = section.find("client_secret"))
            rules.client_secret = read_one_secret(*secret, "client_secret", report_);
        if (url.empty() && rules.client_id.empty() && rules.client_secret.empty()) return;  // there is none
        if (complete(section, url, rules)) out_.oauth = std::move(rules);
        claim("oauth", table.at);
    }

    bool complete(Section& section, const std::string& url, OAuthRules& rules) {
        const auto need = [&](bool there, std::string_view key, std::string_view example) {
            if (there) return true;
            const RawValue* empty = section.find(key);
            // A secret that could not be read has been told.
            if (empty == nullptr || (empty->kind == RawValue::Kind::text && empty->text.empty()))
                report_.mistake(empty != nullptr ? empty->at : section.at(),
                                fmt::format("'oauth' has no '{}', add one like {} = {}", key, key, example));
            return false;
        };
        bool whole = need(!url.empty(), "token_url", "\"https://login.example/oauth/token\"");
        whole = need(!rules.client_id.empty(), "client_id", "\"trotline\"") && whole;
        whole = need(!rules.client_secret.empty(), "client_secret", "{ env = \"NAME\" }") && whole;
        if (url.empty()) return false;
        Result<CheckedUrl> checked = check_url(url, load_.urls);
        if (!checked) {
            report_.mistake(section.find("token_url")->at,
                            fmt::format("'token_url' is refused: {}", checked.fault().text));
            return false;
        }
        rules.token_url = std::move(checked).value();
        if (!rules.token_url.https)
            report_.warning(section.find("token_url")->at,
                            "'token_url' is plain http: client_secret and tokens go in the clear, write it with https");
        return whole;
    }

    void read_headers(const RawValue& headers) {
        if (headers.kind != RawValue::Kind::table) {
            wrong_type(headers, "headers", "a table like { \"X-Shop\" = \"north\" }", report_);
            return;
        }
        for (const RawMember& header : headers.members) {
            const Secret value = value_of(header);
            if (value.empty()) continue;  // told
            if (const Result<void> checked = check_header(header.name, value.reveal()); !checked)
                report_.mistake(header.at, checked.fault().text);
            else if (belongs_to_us(header.name))
                report_.mistake(header.at,
                                fmt::format("header {} is set by Trotline itself, choose another name", header.name));
            else if (find_field(out_.headers, header.name))
                report_.mistake(header.at, fmt::format("header {} is there twice, remove one", header.name));
            else
                out_.headers.push_back({header.name, std::string(value.reveal())});
            if (equal_nocase(header.name, "authorization")) claim("Authorization", header.at);
        }
    }

    // A string, or a secret from elsewhere.
    Secret value_of(const RawMember& header) {
        const RawValue& value = header.value;
        if (value.kind == RawValue::Kind::table) return read_one_secret(value, header.name, report_);
        if (value.kind != RawValue::Kind::text) {
            wrong_type(value, header.name, "a string, { env = \"NAME\" } or { file = \"path\" }", report_);
            return {};
        }
        if (value.text.empty()) report_.mistake(header.at, check_header(header.name, "").fault().text);
        if (names_a_credential(header.name))
            report_.warning(value.at, fmt::format("the value of {} stands in the file itself, {{ env = \"NAME\" }} or "
                                                  "{{ file = \"path\" }} keeps it out",
                                                  quoted(header.name)));
        return Secret(value.text);
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

    Section& section_;
    Loading& load_;
    Report& report_;
    Subscription& out_;
    std::string_view maker_;  // of the Authorization header
};

void read_auth_rules(Section& section, Loading& load, Subscription& out) {
    CredentialReader(section, load, out).read();
}

}  // namespace

const RuleGroup& auth_rules() {
    static const RuleGroup group{{"headers", "basic_auth", "bearer", "oauth"}, read_auth_rules};
    return group;
}

}  // namespace trot
