// Format `datocms`: DatoCMS's webhooks. Callers: find_format. Threads: stateless.
//
// version 3: {"webhook_call_id","event_triggered_at","attempted_auto_retries_count","webhook_id","site_id",
// "environment","is_environment_primary","entity_type","event_type","entity","previous_entity","related_entities"}:
// the delivery's number, when the change was seen (UTC, seconds), tries before this one, the webhook's id, the site of
// the options; what the event took along (context `environment`, `environment_primary`, `included` and `item_type`), or
// what the options say and []; resource, action, payload, the state before (of item update, null when it is unknown; of
// others when it is known). version 2 begins with "environment" and has the rest of what follows it, version 1 (the
// seed's time) {"entity_type","event_type","entity"}.
//
// custom_payload is a Mustache template over that body (mustache.h) and replaces it; content_type goes with it. The URL
// may have tags as well (url_template.h). DatoCMS retries with a webhook's newest settings: those are the
// subscription's as it is when the attempt is made, all else is fixed with the delivery but for the count of tries. Its
// own schedule (2 min to 2 days) and times (2 s to connect, 8 in all). No signature of its own: unsigned_format.h.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& datocms_format();

}  // namespace trot
