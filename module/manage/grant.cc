#include "manage/grant.h"

#include "crypto/hmac.h"

namespace trot {

Grant grant_of(const std::vector<const ApiConfig*>& tenants, const std::vector<std::string_view>& shown) {
    Grant grant;
    for (const ApiConfig* api : tenants)
        for (const ApiKey& key : api->keys)
            for (const std::string_view one : shown) {
                const bool same = same_secret(one, key.secret.reveal());
                if (!same || key.secret.empty()) continue;
                if (grant.api == nullptr) grant.api = api;
                if (grant.api != api) continue;
                grant.read = grant.read || key.read;
                grant.write = grant.write || key.write;
            }
    return grant;
}

std::string_view token_of(const Fields& fields) {
    const std::string* value = find_field(fields, "Authorization");
    if (value == nullptr) return {};
    const std::string_view text = trim(*value);
    const size_t blank = text.find(' ');
    if (blank == std::string_view::npos) return text;
    return equal_nocase(text.substr(0, blank), "Bearer") ? trim(text.substr(blank)) : std::string_view();
}

}  // namespace trot
