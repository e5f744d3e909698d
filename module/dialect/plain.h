// Format `plain`: body, headers and signature as templates say, for a receiver that no other format fits. Callers:
// find_format. Threads: stateless.
//
// The body is the payload (payload.h, bare_payload), or what `body` makes: a Mustache template (mustache.h) over
// {"id","topic","resource","resource_id","action","timestamp","unix","payload","previous","subscription"}. With a
// content_type of JSON {{x}} is escaped for a JSON string, else for HTML; {{{x}}} is as it is.
//
// Headers PREFIXId, PREFIXTopic and PREFIXTimestamp (Unix seconds of the attempt) and, where there is a secret, the
// signature: HMAC with the secret's own bytes over what `signed` says, spelled as hex or base64, in a header whose
// value `signature` says. By default a receiver of Stripe's would read it: "t={{timestamp}},v1={{signatures|,v1=}}"
// over
// "{{timestamp}}.{{body}}". {{signature}} is the newest one that holds, {{signatures}} are all.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& plain_format();

}  // namespace trot
