#include "manage/woocommerce/credentials.h"

#include <array>
#include <utility>
#include <vector>

#include "crypto/hmac.h"
#include "manage/registry.h"
#include "manage/woocommerce/oauth.h"
#include "manage/woocommerce/params.h"
#include "url/target.h"

namespace trot::woo {
namespace {

constexpr int64_t window_s = 15 * 60;  // how far a timestamp may be off, and so how long a nonce counts
constexpr std::array<std::string_view, 5> oauth_names{"oauth_consumer_key", "oauth_timestamp", "oauth_nonce",
                                                      "oauth_signature", "oauth_signature_method"};

Refusal refusal(Family family, int status, std::string message) {
    return {status,
            family == Family::legacy ? "woocommerce_api_authentication_error" : "woocommerce_rest_authentication_error",
            std::move(message),
            {},
            {},
            {}};
}

// All keys are looked at, whichever fits: the time tells nothing.
std::vector<Caller> with_id(const ApiWorld& world, std::string_view id) {
    std::vector<Caller> out;
    for (const ApiConfig* api : world.tenants)
        for (const ApiKey& key : api->keys)
            if (same_secret(key.id.reveal(), id)) out.push_back({api, &key});
    return out;
}

struct Pair {
    std::string id, secret;
};

std::optional<Pair> basic_pair(const ApiRequest& request) {
    constexpr std::string_view scheme = "Basic ";
    const std::string* header = find_field(request.fields, "Authorization");
    if (header == nullptr || header->size() < scheme.size() ||
        !equal_nocase(std::string_view(*header).substr(0, scheme.size()), scheme))
        return std::nullopt;
    const Result<std::string> text = unbase64(trim(std::string_view(*header).substr(scheme.size())));
    if (!text) return std::nullopt;
    const size_t colon = text.value().find(':');
    if (colon == std::string::npos) return Pair{text.value(), ""};
    return Pair{text.value().substr(0, colon), text.value().substr(colon + 1)};
}

Pair query_pair(const ApiRequest& request) {
    const Params query(request.query);
    return {std::string(query.text("consumer_key")), std::string(query.text("consumer_secret"))};
}

// The two halves over TLS. The legacy API's version 3 and the other family look into the query first.
Pair sent_pair(const ApiRequest& request, const Place& place) {
    Pair query = query_pair(request);
    const bool query_first = place.family == Family::rest || place.version == 3;
    if (query_first && !query.id.empty() && !query.secret.empty()) return query;
    Pair pair = basic_pair(request).value_or(Pair{});
    if (place.family == Family::legacy && place.version < 3) {
        if (pair.id.empty()) pair.id = query.id;
        if (pair.secret.empty()) pair.secret = query.secret;
    }
    return pair;
}

Admission admit_pair(const Pair& pair, const Place& place, const ApiWorld& world) {
    Admission out;
    const std::vector<Caller> known = with_id(world, pair.id);
    for (const Caller& caller : known)
        if (same_secret(caller.key->secret.reveal(), pair.secret)) out.caller = caller;
    if (out.caller) return out;
    if (!known.empty())
        out.refusal = refusal(place.family, 401, "Consumer secret is invalid.");
    else if (place.family == Family::legacy)
        out.refusal = refusal(place.family, 401, "Consumer key is invalid.");
    return out;
}

Refusal nothing_sent(const Place& place, const Pair& pair) {
    if (place.version == 3) {
        Refusal out = refusal(Family::legacy, 401, "Consumer Secret is invalid.");
        out.fields.push_back({"WWW-Authenticate",
                              "Basic realm=\"WooCommerce API. Use a consumer key in the username field and a consumer "
                              "secret in the password field.\""});
        return out;
    }
    return refusal(Family::legacy, 404, pair.id.empty() ? "Consumer key is missing." : "Consumer secret is missing.");
}

// What was signed: query, form and header parameters together.
Fields signed_params(const ApiRequest& request, const Place& place, const Fields& form) {
    Fields params = request.query;
    if (place.family == Family::rest) {
        params.insert(params.end(), form.begin(), form.end());
        if (const std::string* header = find_field(request.fields, "Authorization"))
            for (Field& field : oauth_header(*header)) params.push_back(std::move(field));
    }
    return params;
}

bool signature_fits(const Caller& caller, const ApiRequest& request, const Place& place, const std::string& method,
                    const Fields& params, Digest digest) {
    const std::string url = origin_of(request) + std::string(path_of(request.target));
    const std::string given = read_signature(Params(params).text("oauth_signature"));
    // The legacy API signs the method in force, the other one that of the request line. HEAD has become GET by now.
    std::vector<std::string> methods{place.family == Family::legacy ? method : request.method};
    if (methods.front() == "GET") methods.push_back("HEAD");
    // Versions 1 and 2 of the legacy API sign without RFC 5849's '&' behind the secret; today's clients write it also
    // there, and both prove the same.
    const std::string secret(caller.key->secret.reveal());
    std::vector<std::string> keys{secret + '&'};
    if (place.family == Family::legacy && place.version < 3) keys.push_back(secret);
    bool fits = false;
    for (const std::string& one : methods)
        for (const std::string& key : keys)
            if (same_secret(base64(Hmac(digest, key).sign({oauth_base(one, url, params)})), given)) fits = true;
    return fits;
}

// Is the request new? Only asked once the signature fits, so that nobody else can use up nonces.
std::optional<Refusal> check_fresh(const Caller& caller, const Place& place, const Params& params, ApiWorld& world) {
    const std::optional<int64_t> at = read_number(params.text("oauth_timestamp"));
    const int64_t now = world.clock.wall_ms() / 1000;
    if (!at || *at < now - window_s || *at > now + window_s) return refusal(place.family, 401, "Invalid timestamp.");
    const std::string id(caller.key->id.reveal());
    const std::string name = hex(
        Hmac(Digest::sha256, "woocommerce nonce").sign({caller.api->name, "\n", id, "\n", params.text("oauth_nonce")}));
    const Result<bool> first = world.registry.first_use(name, (*at + window_s + 1) * 1000);
    if (!first) return store_refusal(place.family, first.fault());
    if (!first.value()) return refusal(place.family, 401, "Invalid nonce - nonce has already been used.");
    return std::nullopt;
}

Admission admit_signed(const ApiRequest& request, const Place& place, const std::string& method, const Fields& form,
                       ApiWorld& world) {
    Admission out;
    const Fields all = signed_params(request, place, form);
    const Params params(all);
    std::string missing;
    int count = 0;
    for (const std::string_view name : oauth_names) {
        if (!params.text(name).empty()) continue;
        if (place.family == Family::legacy && count == 0)
            out.refusal = refusal(place.family, 404, std::string(name) + " parameter is missing");
        missing += (count++ == 0 ? "" : ", ") + std::string(name);
    }
    if (out.refusal) return out;
    if (count == static_cast<int>(oauth_names.size())) return out;  // it does not even try
    if (count > 0) {
        out.refusal = refusal(place.family, 401,
                              (count == 1 ? "Missing OAuth parameter " : "Missing OAuth parameters ") + missing);
        out.refusal->code = "woocommerce_rest_authentication_missing_parameter";
        return out;
    }
    const std::vector<Caller> known = with_id(world, params.text("oauth_consumer_key"));
    if (known.empty()) {
        out.refusal = refusal(place.family, 401, "Consumer key is invalid.");
        return out;
    }
    const std::optional<Digest> digest = oauth_digest(params.text("oauth_signature_method"));
    if (!digest) {
        out.refusal = refusal(place.family, 401, "Invalid signature - signature method is invalid.");
        return out;
    }
    for (const Caller& caller : known)
        if (signature_fits(caller, request, place, method, all, *digest)) out.caller = caller;
    if (!out.caller) {
        out.refusal = refusal(place.family, 401, "Invalid signature - provided signature does not match.");
        return out;
    }
    out.refusal = check_fresh(*out.caller, place, params, world);
    if (out.refusal) out.caller.reset();
    return out;
}

}  // namespace

Admission admit(const ApiRequest& request, const Place& place, const std::string& method, const Fields& form,
                ApiWorld& world) {
    // Without TLS the halves are not looked at: who sends them there has given them away already.
    if (!request.secure) return admit_signed(request, place, method, form, world);
    const Pair pair = sent_pair(request, place);
    if (!pair.id.empty() && !pair.secret.empty()) return admit_pair(pair, place, world);
    const bool is_signed = Params(request.query).find("oauth_consumer_key") != nullptr;
    if (place.family == Family::legacy && !is_signed) return {std::nullopt, nothing_sent(place, pair)};
    return admit_signed(request, place, method, form, world);
}

std::optional<Refusal> check_permission(const ApiKey& key, Family family, const std::string& method) {
    const bool reads = method == "GET";
    const bool writes = method == "POST" || method == "PUT" || method == "PATCH" || method == "DELETE";
    if (reads && !key.read) return refusal(family, 401, "The API key provided does not have read permissions.");
    if (writes && !key.write) return refusal(family, 401, "The API key provided does not have write permissions.");
    return std::nullopt;
}

std::string origin_of(const ApiRequest& request) {
    return (request.secure ? "https://" : "http://") + (request.host.empty() ? "localhost" : lower(request.host));
}

}  // namespace trot::woo
