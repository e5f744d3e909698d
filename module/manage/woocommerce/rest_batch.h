// POST /webhooks/batch: up to a hundred webhooks made, changed and removed in one request and one commit; each has its
// own success or error in the answer. Callers: rest.cc. Threads: as ApiHandler's.
#pragma once

#include "manage/woocommerce/body.h"
#include "manage/woocommerce/changes.h"

namespace trot::woo {

Reply batch_rest(const Ask& ask, const Said& said);

}  // namespace trot::woo
