// The API below /wp-json/wc/v1, v2 and v3: routes, bare objects, WordPress's errors. Callers: woocommerce_api.cc.
// Threads: as ApiHandler's.
#pragma once

#include <optional>

#include "manage/woocommerce/body.h"
#include "manage/woocommerce/changes.h"

namespace trot::woo {

// Whether the route takes the method at all; the caller does not matter. method: the one in force.
bool rest_routes(const Place& place, const std::string& method);

// What is said to a caller who presented nothing.
Refusal rest_forbids(const Place& place, const std::string& method);

// What OPTIONS gets: the methods of the route.
Reply rest_options(const Place& place);

// The caller is known, and may do what the method says.
Reply answer_rest(const Ask& ask, const std::string& method, const Fields& form);

// URL of the collection.
std::string rest_base(const Ask& ask);

// The answer to a success, cut and wrapped as `_fields` and `_envelope` say.
Reply rest_reply(const Ask& ask, int status, const Json& body, Fields fields = {});

}  // namespace trot::woo
