// The filter of a list, read from JSON. Callers: manage/lists. Threads: pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "store/store.h"

namespace trot {

// what: the list it is for ("after" is an event's or a delivery's id accordingly; a member that this list does not heed
// is refused). text: a JSON object or empty. Ids are spelled ("evt_…") or numbers.
Result<Filter> read_filter(std::string_view what, std::string_view text);

}  // namespace trot
