// Format `standard`: Standard Webhooks 1.0, symmetric v1. Callers: find_format. Threads: stateless.
//
// The body is {"id","type","timestamp","subject","data"}: event id, topic, when it happened (RFC 3339, UTC,
// milliseconds), "resource/id" (just "resource" when the id is unknown), and the payload's own bytes, spliced in and
// never re-serialised. A payload that is not JSON goes in as a base64 string with "data_base64":true behind it; one
// that was cut short in capture carries "truncated":true. No payload is "data":null.
// With option sequence = true a delivery in a lane says its place there: "sequence":7. A batch is an array of bodies.
//
// Signed is "<webhook-id>.<webhook-timestamp>.<body>", HMAC-SHA256 with the bytes behind "whsec_", one "v1,<base64>"
// for each secret, newest first, separated by one space.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& standard_format();

// Those three headers alone. Also for formats that have no signature of their own (cosmic, datocms, cockpit): a secret
// makes their deliveries carry them besides what is native, so that a receiver may check them with any library of
// Standard Webhooks, and one that knows nothing of it notices three headers more.
class StandardSigner {
  public:
    explicit StandardSigner(std::vector<Hmac> macs) : macs_(std::move(macs)) {}
    void headers(const DeliveryView& delivery, std::string_view body, Fields& out);

  private:
    std::vector<Hmac> macs_;
};

// Null when there is no secret.
Result<std::unique_ptr<StandardSigner>> standard_signer(const std::vector<Secret>& secrets);

// A secret of such a format: none, or one of format standard.
Result<void> check_extra_secret(const Secret& secret);

}  // namespace trot
