// Claims: a delivery that carries a URL instead of the payload; whoever has the URL gets the payload from us. The URL
// is the delivery's id and a signature over it with a key that lies in the store's directory, the same on every
// attempt. It holds while the delivery is being tried, and for the subscription's `claim_for` after it has ended.
// Callers: dispatch (makes them), manage (answers). Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/secret.h"
#include "store/values.h"

namespace trot {

// The key of a store's claims; made by the first who asks. 0600, in the store's directory.
Result<Secret> claim_key(const std::string& store_path);

// public_url as in the configuration: "https://hooks.example", "https://example.com/shop".
std::string claim_url(std::string_view public_url, int64_t delivery, const Secret& key);

// The delivery of a path behind claim_path() (plan/shape_check.h): "dlv_…/SIGNATURE". 0: it is none, or not signed by
// us.
int64_t read_claim(std::string_view rest, const Secret& key);

bool claim_holds(const Delivery& delivery, int64_t claim_ms, int64_t now_ms);

}  // namespace trot
