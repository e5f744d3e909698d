// The legacy API's list and count: status, page and filter[…], paging headers. Callers: legacy.cc. Threads: as
// ApiHandler's.
#pragma once

#include "manage/woocommerce/changes.h"

namespace trot::woo {

Reply list_legacy(const Ask& ask);
Reply count_legacy(const Ask& ask);

}  // namespace trot::woo
