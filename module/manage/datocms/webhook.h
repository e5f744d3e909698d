// A webhook as its API shows it, and the row that it is kept as. Callers: webhooks, calls. Threads: pure but for the
// guard's look-up.
//
// What deliveries need is in the row's settings (headers, credential and custom_payload among it, which may be secret);
// its document has the rest: {"events":[…],"http_basic_user","has_password","own_content_type","payload_api_version",
// "nested_items_in_payload","auto_retry","more":{attributes that we do not know}}.
#pragma once

#include "json/tree.h"
#include "manage/datocms/answer.h"
#include "manage/datocms/visit.h"
#include "store/managed.h"

namespace trot::datocms {

// {"type":"webhook","id":…,"attributes":{…}} for a client of that X-Api-Version: the old one has the seed's six
// attributes. Both get what a client has put there and we do not know. Code::damaged.
Result<Json> show_webhook(const ManagedRow& row, const Plan& plan, int version);

// Takes `attributes` into `row` (of a new webhook: an empty one). All that is wrong joins `problems`; the row counts
// only if none does. A fault: what the row has could not be read.
Result<void> take_attributes(const Visit& visit, const json_t* attributes, ManagedRow& row, Problems& problems);

}  // namespace trot::datocms
