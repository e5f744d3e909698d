// Format `shopify`: a delivery as Shopify sends it. Callers: find_format. Threads: stateless.
//
// The body is the payload (payload.h, bare_payload). X-Shopify-Hmac-Sha256 is base64 of HMAC-SHA256 over it with the
// secret's own bytes, the newest that holds. X-Shopify-Topic has Shopify's words: the resource as a plural and the
// action, "orders/create" for order.created, "products/update" for product.updated, "orders/updated" for order.updated,
// which is Shopify's one exception, "orders/paid" for order.paid; dots in an action become "_". Webhook-Id and Event-Id
// are GUIDs of delivery and event, so all deliveries of one event have one Event-Id; Triggered-At is when it happened.
// Shop-Domain, API-Version and Sub-Topic are what the options say; Name is the subscription's.
//
// Eight more tries within four hours, 5 s for each, as Shopify has it; the single waits are not documented.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& shopify_format();

// "orders/create".
std::string shopify_topic(std::string_view resource, std::string_view action);

}  // namespace trot
