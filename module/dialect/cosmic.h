// Format `cosmic`: Cosmic's webhooks. Callers: find_format. Threads: stateless.
//
// version 1: {"type":"object.edited.draft","created_at":<ms>,"data":{…}}; type is the topic, whatever it is. Versions 2
// and 3: {"resource":"objects","event":"edited","triggered_at":<ms>,"data":{…}}: "objects" and "media" as Cosmic says
// them, other resources as they are; event is the action up to its first dot. created_at is when the change was seen.
// Header x-cosmicjs-event is the topic. `props` lets only these members of the first level through, in the payload's
// order, but not for events whose action is "deleted"; `data = false` leaves "data" out. No signature of its own:
// unsigned_format.h. Retries, timeout and a rule to disable are not documented, so they are ours.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& cosmic_format();

}  // namespace trot
