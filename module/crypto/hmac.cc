#include "crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <new>

namespace trot {
namespace {

struct FreeMac {
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};
struct FreeContext {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

// Fetching an algorithm walks the providers under a lock: once for the process.
EVP_MAC* hmac_algorithm() {
    static const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
    return mac.get();
}

const char* openssl_name(Digest digest) {
    switch (digest) {
        case Digest::sha1:
            return "SHA1";
        case Digest::sha512:
            return "SHA512";
        case Digest::sha256:
            break;
    }
    return "SHA256";
}

// OpenSSL fails here only when memory is short, as std::string does.
void need(bool done) {
    if (!done) throw std::bad_alloc();
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

struct Hmac::Impl {
    std::unique_ptr<EVP_MAC_CTX, FreeContext> context;
};

Hmac::Hmac(Digest digest, std::string_view key) : impl_(std::make_unique<Impl>()) {
    impl_->context.reset(EVP_MAC_CTX_new(hmac_algorithm()));
    need(impl_->context != nullptr);
    // OpenSSL takes the parameter's text as char*, but reads it only.
    const std::array<OSSL_PARAM, 2> params = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(openssl_name(digest)), 0),
        OSSL_PARAM_construct_end()};
    // A null key means "the former key": an empty one needs a pointer all the same.
    const unsigned char* from = key.empty() ? bytes_of("") : bytes_of(key);
    need(EVP_MAC_init(impl_->context.get(), from, key.size(), params.data()) == 1);
}

Hmac::~Hmac() = default;
Hmac::Hmac(Hmac&&) noexcept = default;
Hmac& Hmac::operator=(Hmac&&) noexcept = default;

std::string Hmac::sign(std::initializer_list<std::string_view> pieces) {
    EVP_MAC_CTX* context = impl_->context.get();
    need(EVP_MAC_init(context, nullptr, 0, nullptr) == 1);
    for (std::string_view piece : pieces) need(EVP_MAC_update(context, bytes_of(piece), piece.size()) == 1);
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    size_t length = 0;
    need(EVP_MAC_final(context, out.data(), &length, out.size()) == 1);
    return {reinterpret_cast<const char*>(out.data()), length};
}

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace trot
