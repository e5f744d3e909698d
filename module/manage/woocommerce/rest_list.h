// The list of family rest: its parameters are checked as WordPress checks them. Callers: rest.cc. Threads: as
// ApiHandler's.
#pragma once

#include <optional>

#include "manage/woocommerce/changes.h"

namespace trot::woo {

Reply list_rest(const Ask& ask);

// `context` must be view, edit or embed; all three show the same here.
std::optional<Refusal> check_context(const Ask& ask);

}  // namespace trot::woo
