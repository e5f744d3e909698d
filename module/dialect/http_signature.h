// Format `http-signature`: HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530). Callers: find_format.
// Threads: stateless.
//
// The body is that of Standard Webhooks (standard_body.h). Headers Content-Type, webhook-id, Content-Digest,
// Signature-Input and Signature: one member sig1, sig2, … for each secret that holds, newest first, with created,
// keyid, alg and tag="webhook". A secret "whsec_…" signs by hmac-sha256, "whsk_…" by ed25519. `components` says what is
// covered; content-digest always is, without it nothing would prove the body. `keyid` are the keys' names, in the order
// of the secrets; without one an Ed25519 key is called by its thumbprint (as in the published key set), a shared secret
// by the subscription's id. It belongs to the secrets, so it is what it is when the attempt is made.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& http_signature_format();

}  // namespace trot
