// Which management API a request is for. Callers: the door (a standalone host asks before it proxies), engine.
// Threads: any; pure.
#pragma once

#include <string_view>
#include <vector>

#include "manage/api.h"

namespace trot {

struct ApiMatch {
    ApiHandler* handler = nullptr;  // null: the request is for none
    std::vector<const ApiConfig*> tenants;
    std::string_view path;  // behind the prefix, without a trailing slash; points into the target
};

ApiMatch match_api(const Plan& plan, std::string_view target, std::string_view host);

// One of each system; stateless but for what they remember of credentials (nonces): answer() only on one thread.
const std::vector<ApiHandler*>& api_handlers();

}  // namespace trot
