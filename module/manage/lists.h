// Lists: what the store holds, as one JSON object a line, for the command line, the admin API and scripts. Secrets
// never occur in them: the store has none. Callers: the door (trot_query), manage/admin. Threads: the Reader's one
// thread; blocks on disk.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/store.h"

namespace trot {

// what: "events", "event", "deliveries", "attempts", "subscriptions", "status". filter: a JSON object (see trot_query)
// or empty; an unknown member or a wrong type is Code::usage and names what would be right.
Result<std::string> list_json(Reader& reader, std::string_view what, std::string_view filter);

}  // namespace trot
