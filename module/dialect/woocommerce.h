// Format `woocommerce`: what a WooCommerce shop sends, by default one of the seed document (2.3). The signature is
// base64 of HMAC-SHA256 over the body, with the secret's own bytes (WooCommerce stores secrets HTML-escaped and signs
// with the decoded form: configure the decoded one). The newest secret signs; any verifies. X-WC-Webhook-ID is the
// id of the subscription. Callers: find_format. Threads: stateless.
//
// The body is the event's payload as it is (what `.deleted` and `action.` topics carry, the hooks have decided); with
// payload = "legacy" it is wrapped as the legacy API's webhooks wrap it, {"order":{…}}, but for `.deleted` and
// `action.`, which they do not wrap (class-wc-webhook.php, build_payload). An event without a payload is {"id":N}; one
// that is not JSON {"data":"<base64>","data_base64":true}.
//
// version and wordpress make the User-Agent; from 3.3 on the id of a delivery is 32 hex digits (here of HMAC-SHA256
// over its number), an integer before. X-WC-Webhook-Source came with 2.6: a proxy does not know the shop's home URL, so
// it is sent when `source` says it. Not copied: a redirect counts as success there (it is not followed, so the delivery
// is lost), here only 2xx does; no second attempt there; Referer and Accept-Encoding of WordPress's HTTP client.
//
// The ping on create is a format of its own, woocommerce_ping.h.
//
// Ids are the API's own integer and a short number for what was made through a management API, whose clients ask for
// them; for a subscription of the file, the store's numbers.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& woocommerce_format();

// "WooCommerce/2.3.0 Hookshot (WordPress/4.1)".
std::string woocommerce_agent(const FormatOptions& options);

// Is it a version since 3.3, which gave up its log of deliveries, and with it their integer ids?
bool woocommerce_has_hashes(std::string_view version);

}  // namespace trot
