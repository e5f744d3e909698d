// Jobs and snapshots: what one exchange leaves for a later one. An answer that only promises (202 and a job) puts its
// exchange aside; the exchange that tells the result joins it, in whichever order the two come here. Callers: evaluate.
// Threads: as Facts.
#pragma once

#include <string>
#include <string_view>

#include "capture/pass.h"

namespace trot {

// Both return how much they did (0 or 1); `why` (may be null) is for people.
size_t put_aside(Evaluator::Pass& pass, const Hook& hook, Memory& memory, std::string* why);
size_t resolve(Evaluator::Pass& pass, const Hook& hook, Memory& memory, std::string* why);
// item: the element's own bytes, empty when the snapshot has no items.
size_t remember(Evaluator::Pass& pass, const Hook& hook, std::string_view item, JsonReader& scratch, std::string* why);

}  // namespace trot
