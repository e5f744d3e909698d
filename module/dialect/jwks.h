// The published key set: the public halves of the Ed25519 keys that sign, as JSON Web Keys (RFC 7517, RFC 8037), so
// that a receiver needs no secret to verify "v1a" and "ed25519". Of the file's subscriptions, keys that have ended left
// out; nothing of a private or a shared key is ever in it. A key's `kid` is its thumbprint (RFC 7638), which
// http-signature's keyid is as well unless an option names it. Callers: manage (serves it), the door (`trotline keys`).
// Threads: pure.
#pragma once

#include <cstdint>
#include <string>

#include "plan/plan.h"

namespace trot {

// {"keys":[{"kty":"OKP","crv":"Ed25519","x":"…","kid":"…","use":"sig","alg":"EdDSA"},…]}: each key once, in the order
// of the subscriptions.
std::string key_set_json(const Plan& plan, int64_t now_s);

}  // namespace trot
