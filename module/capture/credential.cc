#include "capture/credential.h"

#include <algorithm>
#include <array>

#include "crypto/actor.h"
#include "crypto/hmac.h"
#include "json/pointer.h"
#include "url/target.h"

namespace trot {
namespace {

constexpr std::array<std::string_view, 7> field_names = {"authorization",  "x-api-key",     "api-key",  "x-auth-token",
                                                         "x-access-token", "cockpit-token", "api-token"};
constexpr std::array<std::string_view, 6> query_names = {"consumer_key", "oauth_consumer_key", "api_key",
                                                         "access_token", "write_key",          "token"};
constexpr size_t most_credential = 16384;  // a token that is longer is none of those that are known

bool begins(std::string_view text, std::string_view with) {
    return text.size() > with.size() && equal_nocase(text.substr(0, with.size()), with);
}

// RFC 7617.
std::string user_of(std::string_view encoded) {
    const Result<std::string> pair = unbase64(trim(encoded));
    if (!pair) return {};
    return pair.value().substr(0, pair.value().find(':'));
}

// name="value" in the parameters of an Authorization field (OAuth 1.0a, Digest).
std::string parameter_of(std::string_view parameters, std::string_view name) {
    const std::string mark = std::string(name) + "=\"";
    const size_t at = parameters.find(mark);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = parameters.substr(at + mark.size());
    return std::string(rest.substr(0, rest.find('"')));
}

// RFC 7519: the subject of a token whose second part is an object that names one. It is not verified here: the upstream
// has, or it would not have answered with success.
std::string subject_of(std::string_view token) {
    const size_t first = token.find('.');
    const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return {};
    std::string claims(token.substr(first + 1, second - first - 1));
    std::replace(claims.begin(), claims.end(), '-', '+');
    std::replace(claims.begin(), claims.end(), '_', '/');
    claims.append((4 - claims.size() % 4) % 4, '=');
    const Result<std::string> text = unbase64(claims);
    if (!text) return {};
    JsonReader reader;
    reader.load(text.value());
    return json_text(reader.find("/sub"));
}

std::string identity_of_token(std::string_view token) {
    std::string subject = subject_of(token);
    return subject.empty() ? std::string(token) : subject;
}

std::string identity_of_authorization(std::string_view value) {
    value = trim(value);
    if (begins(value, "Basic ")) return user_of(value.substr(6));
    if (begins(value, "Bearer ")) return identity_of_token(trim(value.substr(7)));
    if (begins(value, "OAuth ")) return parameter_of(value, "oauth_consumer_key");
    if (begins(value, "Digest ")) return parameter_of(value, "username");
    return identity_of_token(trim(value.substr(std::min(value.size(), value.find(' ') + 1))));
}

}  // namespace

bool proves_sender(std::string_view name) {
    return std::any_of(field_names.begin(), field_names.end(),
                       [name](std::string_view known) { return equal_nocase(known, name); });
}

std::string identity_of(const Exchange& exchange) {
    const Field& proof = exchange.credential;
    if (!proof.value.empty() && proof.value.size() <= most_credential)
        return equal_nocase(proof.name, "authorization") ? identity_of_authorization(proof.value)
                                                         : identity_of_token(trim(proof.value));
    const std::string_view query = query_of(exchange.target);
    std::string_view value;
    for (const std::string_view name : query_names)
        if (find_query(query, name, value) && !value.empty() && value.size() <= most_credential)
            return identity_of_token(value);
    return {};
}

std::string actor_of(const Exchange& exchange) {
    if (exchange.replayed || exchange.credential.value.empty())
        for (auto field = exchange.request_fields.rbegin(); field != exchange.request_fields.rend(); ++field)
            if (field->name == kept_actor) return field->value;
    const std::string identity = identity_of(exchange);
    return identity.empty() ? std::string() : actor_hash(identity);
}

}  // namespace trot
