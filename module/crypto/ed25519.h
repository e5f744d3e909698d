// Ed25519 (RFC 8032) over OpenSSL's EVP. A pair is made once per secret; a signature costs about 27 µs. Callers:
// dialect. Threads: an Ed25519 belongs to one thread; the free functions are pure.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trot {

class Ed25519 {
  public:
    static constexpr size_t seed_bytes = 32;
    static constexpr size_t public_bytes = 32;
    static constexpr size_t signature_bytes = 64;

    // Fault{Code::usage} when the seed has another length.
    static Result<Ed25519> from_seed(std::string_view seed);
    ~Ed25519();
    Ed25519(Ed25519&&) noexcept;
    Ed25519& operator=(Ed25519&&) noexcept;

    std::string sign(std::string_view message) const;
    const std::string& public_key() const { return public_key_; }

  private:
    struct Impl;
    explicit Ed25519(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
    std::string public_key_;
};

// Did the owner of this public key sign the message? A key or a signature of the wrong length proves nothing.
bool ed25519_proves(std::string_view public_key, std::string_view message, std::string_view signature);

}  // namespace trot
