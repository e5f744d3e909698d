// What a hook's `hydrate` asks of the upstream: a path and query with {sources} in it. Never a host: nothing that an
// exchange says may decide whom the configured credential is sent to. Callers: table_hook. Threads: one load, one
// thread.
#pragma once

#include <string>

#include "plan/hook.h"
#include "plan/raw.h"
#include "plan/report.h"

namespace trot {

// "/wp-json/wc/v3/orders/{path:id}". After a mistake `out` is not set.
void read_hydrate_get(const RawValue& value, Wording& out, Report& report);

// The place in the answer that becomes the payload.
void read_hydrate_pointer(const RawValue& value, std::string& out, Report& report);

// No host, no fragment, no dot segment, sound escapes: how the fixed text of a path and query must be. What is computed
// in it is written as one letter. The fault says what is wrong.
Result<void> check_origin_form(std::string_view text);

}  // namespace trot
