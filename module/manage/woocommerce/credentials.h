// Who asks: a consumer key and its secret, sent with each request. Over TLS by Basic or in the query; without TLS (and
// also with it) by an OAuth 1.0a signature. The texts and statuses of refusals are those of each family. Callers:
// woocommerce_api.cc. Threads: as ApiHandler's; may block (a nonce is remembered in the store).
#pragma once

#include <optional>
#include <string>

#include "manage/api.h"
#include "manage/woocommerce/place.h"
#include "manage/woocommerce/refusal.h"

namespace trot::woo {

struct Caller {
    const ApiConfig* api = nullptr;  // the tenant
    const ApiKey* key = nullptr;
};

struct Admission {
    std::optional<Caller> caller;
    std::optional<Refusal> refusal;  // neither: family rest, and nothing was presented that it looks at
};

// method: the one in force; request.method is the one that was sent. form: fields of a form in the body.
Admission admit(const ApiRequest& request, const Place& place, const std::string& method, const Fields& form,
                ApiWorld& world);

// Does the key's permission cover the method?
std::optional<Refusal> check_permission(const ApiKey& key, Family family, const std::string& method);

// "https://shop.example:8443" as the client wrote it.
std::string origin_of(const ApiRequest& request);

}  // namespace trot::woo
