// Format `standard`: Standard Webhooks 1.0, symmetric v1. Callers: find_format. Threads: stateless.
//
// The body is {"id","type","timestamp","subject","data"}: event id, topic, when it happened (RFC 3339, UTC,
// milliseconds), "resource/id" (just "resource" when the id is unknown), and the payload's own bytes, spliced in and
// never re-serialised. A payload that is not JSON goes in as a base64 string with "data_base64":true behind it; one
// that was cut short in capture carries "truncated":true. No payload is "data":null.
//
// Signed is "<webhook-id>.<webhook-timestamp>.<body>", HMAC-SHA256 with the bytes behind "whsec_", one "v1,<base64>"
// for each secret, newest first, separated by one space.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& standard_format();

}  // namespace trot
