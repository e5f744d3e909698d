// Format `shareactor`: ShareActor's (later KVASS's, Builton's) webhooks. Callers: find_format. Threads: stateless.
//
// Body {"object_type","previous_data","kind","object","url"}: resource, the members of the first level that changed, as
// they were (by comparing bytes; {} when the state before is unknown or nothing changed), topic, payload, and the
// endpoint's URL as it is when the attempt is made. Headers X-Share-Webhook-Type: WebhookMessage, -Signature: lower
// case hex of HMAC-SHA256 over the body with the secret's own bytes, -Retries: 0 with the first attempt. Five tries;
// the waits between them are not documented, so they are the first of our own.
//
// With the option message=confirmation, which only the management API sets, it is the question whether an endpoint is
// its owner's: {"object_type","kind","url"} without `object` (by which the vendor's own receivers know it; the rest of
// its body is not documented), Type WebhookConfirmation, signed the same. Any 2xx is a yes.
//
// The options `handshake` and `ids` are the management API's: no delivery depends on them.
#pragma once

#include "dialect/changed.h"
#include "dialect/format.h"

namespace trot {

const Format& shareactor_format();

// What a delivery and a list of events both show of an event: "object_type", "previous_data", "kind" and "object", as
// members without the braces around them. Belongs to one thread.
class ShareactorData {
  public:
    void append(std::string& out, const EventView& event);

  private:
    void append_changed(std::string& out, const EventView& event);

    Changes changes_;
};

}  // namespace trot
