// The log of one webhook: what was sent to it and what its endpoint answered, newest first, at most 25 as the shop
// keeps. Deliveries that were not tried yet are not in it, and no ping. Callers: legacy, rest. Threads: as
// ApiHandler's.
#pragma once

#include <string>
#include <vector>

#include "json/tree.h"
#include "manage/woocommerce/changes.h"

namespace trot::woo {

Result<std::vector<Call>> list_deliveries(const Ask& ask, const ManagedRow& managed);
// Code::not_found.
Result<Call> find_delivery(const Ask& ask, const ManagedRow& managed, const std::string& id);

// base: URL of the webhook, for the links of family rest.
Json view_delivery(const Ask& ask, const ManagedRow& managed, const Call& call, const std::string& base);

}  // namespace trot::woo
