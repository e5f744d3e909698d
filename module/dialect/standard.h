// Formats `standard` and `svix`: Standard Webhooks 1.0, and the same with the names that Svix gave its headers before.
// The body is standard_body.h's. Callers: find_format. Threads: stateless.
//
// Signed is "<webhook-id>.<webhook-timestamp>.<body>": HMAC-SHA256 with the bytes behind "whsec_" gives "v1,<base64>",
// Ed25519 with the pair behind "whsk_" gives "v1a,<base64>". One signature for each secret that holds, newest first,
// separated by one space.
#pragma once

#include "dialect/format.h"
#include "dialect/webhook_key.h"

namespace trot {

const Format& standard_format();
const Format& svix_format();

// Those three headers alone. Also for formats that have no signature of their own (cosmic, datocms, cockpit,
// cloudevents): a secret makes their deliveries carry them besides what is native, so that a receiver may check them
// with any library of Standard Webhooks, and one that knows nothing of it notices three headers more.
class StandardSigner {
  public:
    StandardSigner(Keyring<WebhookKey> keys, std::string_view prefix) : keys_(std::move(keys)), prefix_(prefix) {}
    void headers(const DeliveryView& delivery, std::string_view body, Fields& out);

  private:
    Keyring<WebhookKey> keys_;
    std::string prefix_;  // of the headers' names: "webhook"
};

// Null when there is no secret.
Result<std::unique_ptr<StandardSigner>> standard_signer(const std::vector<Secret>& secrets,
                                                        std::string_view prefix = "webhook");

// A secret of such a format: none, or one of format standard.
Result<void> check_extra_secret(const Secret& secret);

}  // namespace trot
