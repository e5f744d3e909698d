// Format `stripe`: an event as Stripe sends it. Callers: find_format. Threads: stateless.
//
// Body {"id","object":"event","api_version","created","data":{"object":payload,"previous_attributes":{…}},"livemode",
// "type"}: event id, seconds, the members of the first level that changed as they were (null of new ones; only where
// the state before is known). Without a payload "object" is null; one that is no JSON is a base64 string, with
// "data_base64":true behind it.
//
// Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>…]: HMAC-SHA256 over "<t>.<body>" with the secret's own bytes, its
// prefix too; one v1 for each secret that holds, newest first. Tries for three days as Stripe does; the exact waits are
// not documented.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& stripe_format();

}  // namespace trot
