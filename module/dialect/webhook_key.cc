#include "dialect/webhook_key.h"

#include "crypto/digest.h"

namespace trot {
namespace {

constexpr std::string_view symmetric_prefix = "whsec_";
constexpr std::string_view private_prefix = "whsk_";
constexpr std::string_view public_prefix = "whpk_";

bool begins(const Secret& secret, std::string_view prefix) {
    return secret.reveal().substr(0, prefix.size()) == prefix;
}

std::string right_of(std::string_view prefix) {
    if (prefix == private_prefix)
        return "; right is whsk_ and the base64 of 64 bytes, an Ed25519 seed and its public key";
    if (prefix == public_prefix) return "; right is whpk_ and the base64 of the 32 bytes of an Ed25519 public key";
    return "; right is whsec_ and the base64 of 24 to 64 random bytes";
}

// The bytes behind the prefix, low to high of them. A Secret, so that they are wiped.
Result<Secret> decoded(const Secret& secret, std::string_view prefix, size_t low, size_t high) {
    Result<std::string> key = unbase64(secret.reveal().substr(prefix.size()));
    if (!key)
        return Fault{Code::config, "behind " + std::string(prefix) + " the secret is not base64" + right_of(prefix)};
    const size_t size = key.value().size();
    Secret wiped(std::move(key.value()));
    if (size < low || size > high)
        return Fault{Code::config, "the secret has " + std::to_string(size) + " bytes" + right_of(prefix)};
    return wiped;
}

std::string whole(Pieces pieces) {
    std::string out;
    size_t size = 0;
    for (const std::string_view piece : pieces) size += piece.size();
    out.reserve(size);
    for (const std::string_view piece : pieces) out += piece;
    return out;
}

}  // namespace

Result<WebhookKey> WebhookKey::read(const Secret& secret) {
    WebhookKey out;
    if (begins(secret, private_prefix)) {
        const size_t half = Ed25519::seed_bytes;
        const Result<Secret> bytes = decoded(secret, private_prefix, 2 * half, 2 * half);
        if (!bytes) return bytes.fault();
        Result<Ed25519> pair = Ed25519::from_seed(bytes.value().reveal().substr(0, half));
        if (!pair) return pair.fault();
        // A public half of another key would be published, and no receiver could verify anything.
        if (pair.value().public_key() != bytes.value().reveal().substr(half))
            return Fault{Code::config,
                         "the second half of the secret is not the public key of its first" + right_of(private_prefix)};
        out.pair_ = std::move(pair).value();
        out.public_key_ = out.pair_->public_key();
        return out;
    }
    if (begins(secret, public_prefix))
        return Fault{Code::config, "the secret is a public key (whpk_), which cannot sign" + right_of(private_prefix)};
    if (!begins(secret, symmetric_prefix))
        return Fault{Code::config, "the secret begins with neither whsec_ nor whsk_" + right_of(symmetric_prefix)};
    const Result<Secret> bytes = decoded(secret, symmetric_prefix, 24, 64);
    if (!bytes) return bytes.fault();
    out.mac_.emplace(Digest::sha256, bytes.value().reveal());
    return out;
}

Result<WebhookKey> WebhookKey::read_proof(const Secret& secret) {
    if (!begins(secret, public_prefix)) return read(secret);
    const Result<Secret> bytes = decoded(secret, public_prefix, Ed25519::public_bytes, Ed25519::public_bytes);
    if (!bytes) return bytes.fault();
    WebhookKey out;
    out.public_key_ = bytes.value().reveal();
    return out;
}

std::string WebhookKey::sign(Pieces pieces) {
    if (mac_) return mac_->sign(pieces);
    return pair_ ? pair_->sign(whole(pieces)) : std::string();
}

bool WebhookKey::proves(Pieces pieces, std::string_view signature) {
    if (mac_) return same_secret(mac_->sign(pieces), signature);
    return ed25519_proves(public_key_, whole(pieces), signature);
}

Result<Keyring<WebhookKey>> webhook_keys(const std::vector<Secret>& secrets) {
    Keyring<WebhookKey> out;
    for (const Secret& secret : secrets) {
        Result<WebhookKey> key = WebhookKey::read(secret);
        if (!key) return key.fault();
        out.add(std::move(key).value(), secret.until_s());
    }
    return out;
}

Result<std::vector<WebhookKey>> proof_keys(const std::vector<Secret>& secrets, std::string_view format, int64_t now_s) {
    std::vector<WebhookKey> out;
    for (const Secret& secret : secrets) {
        if (!secret.holds(now_s)) continue;
        Result<WebhookKey> key = WebhookKey::read_proof(secret);
        if (!key) return key.fault();
        out.push_back(std::move(key).value());
    }
    if (out.empty()) return Fault{Code::config, "format " + std::string(format) + " needs a secret"};
    return out;
}

Result<void> check_webhook_secret(const Secret& secret) {
    const Result<WebhookKey> key = WebhookKey::read(secret);
    return key ? Result<void>() : Result<void>(key.fault());
}

std::string key_thumbprint(std::string_view public_key) {
    return base64url(hash_of(Digest::sha256, R"({"crv":"Ed25519","kty":"OKP","x":")" + base64url(public_key) + "\"}"));
}

}  // namespace trot
