// Hearing: does a subscription name topics that some hook can make? If not it is most often a slip of the pen, or a
// topic that no proxy can see; hooks may come later, so in the file these are warnings. Callers: load.cc, manage.
// Threads: one load, one thread; is_heard: pure.
#pragma once

#include "plan/dialects.h"

namespace trot {

// subscriptions: the list as it was written, for the places.
void warn_unheard(const RawValue& subscriptions, const Plan& plan, const std::vector<Unseen>& unseen, Report& report);

// Can a hook make a topic that this topic or pattern takes?
bool is_heard(std::string_view pattern, const Plan& plan);

}  // namespace trot
