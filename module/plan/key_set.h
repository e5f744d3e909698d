// [key_set]: where the public halves of the keys that sign are served. Callers: the loader; manage and the door (which
// requests are for it). Threads: pure.
#pragma once

#include <string_view>

#include "plan/plan.h"
#include "plan/tables.h"

namespace trot {

const KeyList& key_set_keys();
// Without the table nothing is served.
void read_key_set(const RawValue& table, Loading& load);

// The path, or "" when none is served. A view into the plan.
std::string_view key_set_path(const Plan& plan);

}  // namespace trot
