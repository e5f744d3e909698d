// The legacy API, /wc-api/v1, v2 and v3: routes, wrapped bodies, filters, its errors. Callers: woocommerce_api.cc.
// Threads: as ApiHandler's.
#pragma once

#include "manage/woocommerce/changes.h"

namespace trot::woo {

// method: the one in force. The caller is known, and may do what the method says.
Reply answer_legacy(const Ask& ask, const std::string& method);

}  // namespace trot::woo
