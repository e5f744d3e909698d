#include "manage/shareactor/jwt.h"

#include <algorithm>
#include <string>

#include "crypto/hmac.h"
#include "json/tree.h"

namespace trot::shareactor {
namespace {

constexpr size_t longest_token = 8192;
constexpr double leeway_s = 60;

struct Parts {
    std::string_view header, claims, signature;
};

bool split(std::string_view token, Parts& out) {
    const size_t first = token.find('.');
    const size_t last = token.rfind('.');
    if (token.size() > longest_token || first == last || std::count(token.begin(), token.end(), '.') != 2) return false;
    out = {token.substr(0, first), token.substr(first + 1, last - first - 1), token.substr(last + 1)};
    return !out.header.empty() && !out.claims.empty() && !out.signature.empty();
}

// RFC 4648 5, without padding.
Result<std::string> unbase64url(std::string_view text) {
    if (text.find_first_of("+/=") != std::string_view::npos) return Fault{Code::usage, "not base64url"};
    std::string standard(text);
    std::replace(standard.begin(), standard.end(), '-', '+');
    std::replace(standard.begin(), standard.end(), '_', '/');
    while (standard.size() % 4 != 0) standard += '=';
    return unbase64(standard);
}

Json object_in(std::string_view part) {
    const Result<std::string> text = unbase64url(part);
    if (!text) return nullptr;
    Result<Json> parsed = parse_json(text.value());
    if (!parsed || !json_is_object(parsed.value().get())) return nullptr;
    return std::move(parsed).value();
}

// A claim that is no number is wrong, not absent.
bool holds(const json_t* claims, const char* name, bool (*fine)(double claim, double now), double now_s) {
    const json_t* claim = json_object_get(claims, name);
    return claim == nullptr || (json_is_number(claim) && fine(json_number_value(claim), now_s));
}

}  // namespace

bool is_signed_by(std::string_view token, std::string_view secret) {
    Parts parts;
    if (!split(token, parts)) return false;
    const Result<std::string> given = unbase64url(parts.signature);
    const std::string right = Hmac(Digest::sha256, secret).sign({parts.header, ".", parts.claims});
    return given.ok() && same_secret(given.value(), right);
}

bool is_valid_at(std::string_view token, int64_t now_ms) {
    Parts parts;
    if (!split(token, parts)) return false;
    const Json header = object_in(parts.header);
    const Json claims = object_in(parts.claims);
    if (!header || !claims || text_of(header.get(), "alg") != "HS256") return false;
    // RFC 7515 4.1.11: who does not know what is critical must refuse.
    if (json_object_get(header.get(), "crit") != nullptr) return false;
    const double now_s = static_cast<double>(now_ms) / 1000;
    return holds(
               claims.get(), "exp", [](double claim, double now) { return now < claim + leeway_s; }, now_s) &&
           holds(
               claims.get(), "nbf", [](double claim, double now) { return now > claim - leeway_s; }, now_s) &&
           holds(
               claims.get(), "iat", [](double claim, double now) { return now > claim - leeway_s; }, now_s);
}

}  // namespace trot::shareactor
