// Format `shareactor`: ShareActor's (later KVASS's, Builton's) webhooks. Callers: find_format. Threads: stateless.
//
// Body {"object_type","previous_data","kind","object","url"}: resource, the members of the first level that changed, as
// they were (by comparing bytes; {} when the state before is unknown or nothing changed), topic, payload, and the
// endpoint's URL as it is when the attempt is made. Headers X-Share-Webhook-Type: WebhookMessage, -Signature: lower
// case hex of HMAC-SHA256 over the body with the secret's own bytes, -Retries: 0 with the first attempt. Five tries;
// the waits between them are not documented, so they are the first of our own.
//
// The WebhookConfirmation on create belongs to the management API: a POST of its own with that Type, before which no
// delivery is made.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& shareactor_format();

}  // namespace trot
