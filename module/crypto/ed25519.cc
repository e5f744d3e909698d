#include "crypto/ed25519.h"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace trot {
namespace {

struct FreePair {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeSigning {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using PairKey = std::unique_ptr<EVP_PKEY, FreePair>;
using Signing = std::unique_ptr<EVP_MD_CTX, FreeSigning>;

// OpenSSL fails at these calls only when memory is short, as std::string does.
void must(bool done) {
    if (!done) throw std::bad_alloc();
}

const unsigned char* raw_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Signing new_signing() {
    Signing context(EVP_MD_CTX_new());
    must(context != nullptr);
    return context;
}

}  // namespace

struct Ed25519::Impl {
    PairKey key;
};

Ed25519::Ed25519(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
    std::array<unsigned char, public_bytes> out{};
    size_t length = out.size();
    must(EVP_PKEY_get_raw_public_key(impl_->key.get(), out.data(), &length) == 1);
    public_key_.assign(reinterpret_cast<const char*>(out.data()), length);
}

Ed25519::~Ed25519() = default;
Ed25519::Ed25519(Ed25519&&) noexcept = default;
Ed25519& Ed25519::operator=(Ed25519&&) noexcept = default;

Result<Ed25519> Ed25519::from_seed(std::string_view seed) {
    if (seed.size() != seed_bytes) return Fault{Code::usage, "an Ed25519 seed has 32 bytes"};
    auto impl = std::make_unique<Impl>();
    impl->key.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw_bytes(seed), seed.size()));
    must(impl->key != nullptr);
    return Ed25519(std::move(impl));
}

std::string Ed25519::sign(std::string_view message) const {
    const Signing context = new_signing();
    must(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, impl_->key.get()) == 1);
    std::array<unsigned char, signature_bytes> out{};
    size_t length = out.size();
    must(EVP_DigestSign(context.get(), out.data(), &length, raw_bytes(message), message.size()) == 1);
    return {reinterpret_cast<const char*>(out.data()), length};
}

bool ed25519_proves(std::string_view public_key, std::string_view message, std::string_view signature) {
    if (public_key.size() != Ed25519::public_bytes || signature.size() != Ed25519::signature_bytes) return false;
    const PairKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw_bytes(public_key), public_key.size()));
    if (key == nullptr) return false;
    const Signing context = new_signing();
    must(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
    return EVP_DigestVerify(context.get(), raw_bytes(signature), signature.size(), raw_bytes(message),
                            message.size()) == 1;
}

}  // namespace trot
