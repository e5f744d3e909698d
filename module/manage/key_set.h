// The published key set over HTTP: [key_set] path. Without a token: the keys are public. Callers: front; the door
// (which requests are for it). Threads: pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "manage/reply.h"
#include "manage/request.h"
#include "plan/plan.h"

namespace trot {

inline constexpr std::string_view key_set_type = "application/jwk-set+json";

bool is_key_set(const Plan& plan, std::string_view target);
Reply key_set_reply(const ManageRequest& request, const Plan& plan, int64_t now_s);

}  // namespace trot
