#include "crypto/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <new>

namespace trot {

std::string hash_of(Digest digest, std::string_view text) {
    const EVP_MD* with = digest == Digest::sha1 ? EVP_sha1() : digest == Digest::sha512 ? EVP_sha512() : EVP_sha256();
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned length = 0;
    // Fails only when memory is short, as std::string does.
    if (EVP_Digest(text.data(), text.size(), out.data(), &length, with, nullptr) != 1) throw std::bad_alloc();
    return {reinterpret_cast<const char*>(out.data()), length};
}

std::string base64url(std::string_view bytes) {
    std::string out = base64(bytes);
    while (!out.empty() && out.back() == '=') out.pop_back();
    std::replace(out.begin(), out.end(), '+', '-');
    std::replace(out.begin(), out.end(), '/', '_');
    return out;
}

}  // namespace trot
