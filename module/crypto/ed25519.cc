#include "crypto/ed25519.h"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace trot {
namespace {

struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// OpenSSL fails at these calls only when memory is short, as std::string does.
void need(bool done) {
    if (!done) throw std::bad_alloc();
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Context new_context() {
    Context context(EVP_MD_CTX_new());
    need(context != nullptr);
    return context;
}

}  // namespace

struct Ed25519::Impl {
    Key key;
};

Ed25519::Ed25519(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
    std::array<unsigned char, public_bytes> out{};
    size_t length = out.size();
    need(EVP_PKEY_get_raw_public_key(impl_->key.get(), out.data(), &length) == 1);
    public_key_.assign(reinterpret_cast<const char*>(out.data()), length);
}

Ed25519::~Ed25519() = default;
Ed25519::Ed25519(Ed25519&&) noexcept = default;
Ed25519& Ed25519::operator=(Ed25519&&) noexcept = default;

Result<Ed25519> Ed25519::from_seed(std::string_view seed) {
    if (seed.size() != seed_bytes) return Fault{Code::usage, "an Ed25519 seed has 32 bytes"};
    auto impl = std::make_unique<Impl>();
    impl->key.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), seed.size()));
    need(impl->key != nullptr);
    return Ed25519(std::move(impl));
}

std::string Ed25519::sign(std::string_view message) const {
    const Context context = new_context();
    need(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, impl_->key.get()) == 1);
    std::array<unsigned char, signature_bytes> out{};
    size_t length = out.size();
    need(EVP_DigestSign(context.get(), out.data(), &length, bytes_of(message), message.size()) == 1);
    return {reinterpret_cast<const char*>(out.data()), length};
}

bool ed25519_proves(std::string_view public_key, std::string_view message, std::string_view signature) {
    if (public_key.size() != Ed25519::public_bytes || signature.size() != Ed25519::signature_bytes) return false;
    const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(public_key), public_key.size()));
    if (key == nullptr) return false;
    const Context context = new_context();
    need(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
    return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) ==
           1;
}

}  // namespace trot
