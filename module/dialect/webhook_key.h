// WebhookKey: a key as Standard Webhooks spells it. The prefix of the secret says which: whsec_ and 24 to 64 bytes make
// HMAC-SHA256 ("v1"), whsk_ and 64 bytes (seed and public key) Ed25519 ("v1a"), whpk_ and 32 bytes are a public key,
// which proves and never signs. Callers: standard, svix, http-signature, key_set. Threads: one.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/ed25519.h"
#include "crypto/hmac.h"
#include "crypto/secret.h"
#include "dialect/keyring.h"

namespace trot {

using Pieces = std::initializer_list<std::string_view>;

class WebhookKey {
  public:
    static Result<WebhookKey> read(const Secret& secret);        // to sign with
    static Result<WebhookKey> read_proof(const Secret& secret);  // to verify with: a public key, too

    bool asymmetric() const { return !mac_; }
    std::string_view version() const { return mac_ ? "v1" : "v1a"; }
    const std::string& public_key() const { return public_key_; }  // 32 bytes; empty of a symmetric one
    std::string sign(Pieces pieces);                               // raw; what read() gave can sign
    bool proves(Pieces pieces, std::string_view signature);        // raw

  private:
    std::optional<Hmac> mac_;
    std::optional<Ed25519> pair_;
    std::string public_key_;
};

// Of all the secrets; the first that is wrong is the fault.
Result<Keyring<WebhookKey>> webhook_keys(const std::vector<Secret>& secrets);

// Those to verify with that hold; none is a fault as well.
Result<std::vector<WebhookKey>> proof_keys(const std::vector<Secret>& secrets, std::string_view format, int64_t now_s);

// Is it a secret to sign with?
Result<void> check_webhook_secret(const Secret& secret);

// RFC 7638: SHA-256 of the key as a JSON Web Key (RFC 8037), base64url. The key's name wherever keys have one.
std::string key_thumbprint(std::string_view public_key);

}  // namespace trot
