#include "dispatch/token.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <charconv>

#include "crypto/hmac.h"
#include "json/tree.h"
#include "url/header.h"
#include "url/percent.h"

namespace trot {
namespace {

constexpr int64_t usual_life_s = 300;  // where the server does not say
constexpr int64_t longest_life_s = 24LL * 3600;

void put_field(std::string& form, std::string_view name, std::string_view value) {
    if (!form.empty()) form += '&';
    form += name;
    form += '=';
    put_escaped(form, value);
}

Fault none(std::string why) { return {Code::network, std::move(why)}; }

// Only what RFC 6749 calls an error code: a body may hold anything.
std::string error_code(const json_t* answer) {
    const std::string_view code = text_of(answer, "error");
    const bool plain = !code.empty() && code.size() <= 40 && std::all_of(code.begin(), code.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
    return plain ? " (" + std::string(code) + ")" : "";
}

// Some servers write the number as a string.
int64_t life_s(const json_t* answer) {
    const json_t* value = json_object_get(answer, "expires_in");
    double seconds = usual_life_s;
    if (json_is_number(value)) seconds = json_number_value(value);
    if (json_is_string(value)) {
        const std::string_view text = text_of(answer, "expires_in");
        int64_t whole = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), whole).ec == std::errc())
            seconds = static_cast<double>(whole);
    }
    return static_cast<int64_t>(std::clamp<double>(seconds, 0, longest_life_s));
}

}  // namespace

Fields token_headers(const OAuthRules& rules) {
    Fields out{{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    if (rules.in_body) return out;
    // RFC 6749 2.3.1: both halves are form-encoded before they are joined.
    std::string pair;
    put_escaped(pair, rules.client_id);
    pair += ':';
    put_escaped(pair, rules.client_secret.reveal());
    out.push_back({"Authorization", "Basic " + base64(pair)});
    OPENSSL_cleanse(pair.data(), pair.size());
    return out;
}

std::shared_ptr<const std::string> token_form(const OAuthRules& rules) {
    const std::shared_ptr<std::string> form(new std::string, [](std::string* text) {
        OPENSSL_cleanse(text->data(), text->size());
        delete text;
    });
    put_field(*form, "grant_type", "client_credentials");
    if (!rules.scope.empty()) put_field(*form, "scope", rules.scope);
    if (!rules.audience.empty()) put_field(*form, "audience", rules.audience);
    if (rules.in_body) {
        put_field(*form, "client_id", rules.client_id);
        put_field(*form, "client_secret", rules.client_secret.reveal());
    }
    return form;
}

Result<Token> read_token(const SendResult& result) {
    if (result.status == 0)
        return none("the token endpoint cannot be asked: " + std::string(name_of(result.error)) +
                    (result.detail.empty() ? "" : ": " + result.detail));
    const Result<Json> parsed = parse_json(result.answer);
    const json_t* answer = parsed ? parsed.value().get() : nullptr;
    const std::string answered = "the token endpoint answered " + std::to_string(result.status);
    if (result.status < 200 || result.status > 299) return none(answered + error_code(answer));
    if (result.cut) return none(answered + ", with more than 64 KiB");
    if (!result.whole) return none(answered + ", but its body broke off");
    if (!json_is_object(answer)) return none(answered + ", but not with a JSON object");
    const std::string_view value = text_of(answer, "access_token");
    if (value.empty()) return none(answered + ", but without an access_token" + error_code(answer));
    if (!is_header_value(value)) return none(answered + ", but its access_token cannot stand in a header");
    const std::string_view type = text_of(answer, "token_type");
    if (!type.empty() && !equal_nocase(type, "bearer")) return none(answered + ", but not with a Bearer token");
    return Token{Secret(std::string(value)), life_s(answer) * 1000};
}

}  // namespace trot
