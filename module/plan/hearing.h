// Hearing: does a subscription name topics that some hook can make? If not it is most often a slip of the pen, or a
// topic that no proxy can see; hooks may come later, so these are warnings. Callers: load.cc, manage (can_make).
// Threads: pure.
#pragma once

#include "plan/dialects.h"

namespace trot {

// subscriptions: the list as it was written, for the places.
void warn_unheard(const RawValue& subscriptions, const Plan& plan, const std::vector<Unseen>& unseen, Report& report);

// Is there a hook that can make events of this topic?
bool can_make(const Plan& plan, std::string_view topic);

}  // namespace trot
