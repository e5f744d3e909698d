// Format `github`: a delivery as GitHub sends it. Callers: find_format. Threads: stateless.
//
// Body {"action":"created","order":payload,"changes":{"total":{"from":1.10}}}: action, the payload under the resource's
// name, and the members of the first level that changed, as they were, where the state before is known ({} as "from" is
// never made up: a new member has none). A topic without an action has no "action". A payload that is no JSON is a
// base64 string, with "data_base64":true behind it; none is null. With body = "payload" it is the payload alone.
//
// X-GitHub-Event is the resource, X-GitHub-Delivery a GUID that stays the same on each attempt, X-GitHub-Hook-ID the
// subscription's id. X-Hub-Signature-256 and the legacy X-Hub-Signature (SHA-1) are over the body, with the newest
// secret that holds; none without a secret. GitHub gives up after 10 s and never tries again; here it is tried again.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& github_format();

}  // namespace trot
