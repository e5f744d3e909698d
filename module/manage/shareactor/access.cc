#include "manage/shareactor/access.h"

#include "crypto/hmac.h"
#include "manage/shareactor/jwt.h"

namespace trot::shareactor {
namespace {

constexpr std::string_view scheme = "Bearer ";

const std::string* api_key_of(const Fields& fields) {
    for (const std::string_view name : {"X-Share-Api-Key", "X-Kvass-Api-Key", "X-Builton-API-Key"})
        if (const std::string* value = find_field(fields, name)) return value;
    return nullptr;
}

std::string_view bearer_of(const Fields& fields) {
    const std::string* value = find_field(fields, "Authorization");
    if (value == nullptr || value->size() <= scheme.size() ||
        !equal_nocase(std::string_view(*value).substr(0, scheme.size()), scheme))
        return {};
    return trim(std::string_view(*value).substr(scheme.size()));
}

}  // namespace

Access find_access(const ApiRequest& request, const ApiWorld& world) {
    Access out;
    const std::string* id = api_key_of(request.fields);
    const std::string_view bearer = bearer_of(request.fields);
    if (id == nullptr || id->empty()) {
        out.why = "the header X-Share-Api-Key is missing";
        return out;
    }
    if (bearer.empty()) {
        out.why = "the header Authorization is missing: Bearer and a JWT or a service account's key";
        return out;
    }
    // All keys are looked at, whichever fits: how long it takes tells nothing.
    bool by_token = false;
    for (const ApiConfig* api : world.tenants)
        for (const ApiKey& key : api->keys) {
            const bool right_id = same_secret(*id, key.id.reveal());
            const bool account = same_secret(bearer, key.secret.reveal());
            const bool token = is_signed_by(bearer, key.secret.reveal());
            if (!right_id || !(account || token) || out.api != nullptr) continue;
            out.api = api;
            out.key = &key;
            by_token = !account;
        }
    if (by_token && !is_valid_at(bearer, world.clock.wall_ms())) out.api = nullptr;
    if (out.api == nullptr)
        out.why = "the API key and what Authorization carries are wrong, expired, or not of one account";
    return out;
}

}  // namespace trot::shareactor
