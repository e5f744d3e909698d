// Topics as WooCommerce's API has them: which are taken, what they are called in parts, and the WordPress actions that
// a shop of some era names for them. Callers: draft.cc, views.cc. Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manage/woocommerce/place.h"
#include "plan/plan.h"

namespace trot::woo {

// The topic as it is kept, or none when it is not taken: one of WooCommerce's own grammar (case does not matter there,
// and it is kept in small letters), or one that a hook of the plan can make, because a webhook may listen to any
// upstream.
std::optional<std::string> read_topic(std::string_view text, const Plan& plan);

std::string resource_of(std::string_view topic);  // "order.created" → "order"
std::string event_of(std::string_view topic);     // → "created"

// Of a shop since WooCommerce 3.3, by the API's option `version`: other hooks, other default secrets, another answer to
// a deletion, no integer delivery ids. Without the option the legacy API is the seed document's, the other one today's.
bool is_modern(const ApiConfig& api, Family family);

// What `hooks` shows; empty for a topic that is not WooCommerce's.
std::vector<std::string> hooks_of(std::string_view topic, bool modern);

}  // namespace trot::woo
