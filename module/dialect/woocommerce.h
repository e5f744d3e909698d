// Format `woocommerce`: what a WooCommerce shop of the seed document (2.3) sends. The body is the payload as it is; the
// signature is base64 of HMAC-SHA256 over it, with the secret's own bytes (WooCommerce stores secrets HTML-escaped and
// signs with the decoded form: configure the decoded one). The newest secret signs; any verifies. X-WC-Webhook-ID is
// the number of the subscription, -Delivery-ID the number of the delivery: integers, as in the seed. -Source is not
// sent: it came with 2.6, and a proxy does not know the shop's home URL. Callers: find_format. Threads: stateless.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& woocommerce_format();

}  // namespace trot
