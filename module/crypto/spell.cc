// How bytes are spelled (base64, hex), and where random ones come from.
#include <openssl/evp.h>
#include <sys/random.h>

#include <cerrno>
#include <system_error>

#include "crypto/hmac.h"

namespace trot {
namespace {

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Fault not_base64(std::string_view what) {
    return {Code::usage,
            "not base64: " + std::string(what) + "; right is the standard alphabet (A-Z a-z 0-9 + /) with = padding"};
}

}  // namespace

std::string base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock writes a NUL behind its text
    int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                 reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    out.resize(static_cast<size_t>(length));
    return out;
}

Result<std::string> unbase64(std::string_view text) {
    // EVP_DecodeBlock forgives white space and stray padding: the shape is checked here.
    if (text.size() % 4 != 0) return not_base64("its length is not a multiple of four");
    size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
    for (char c : text.substr(0, text.size() - padding))
        if (base64_alphabet.find(c) == std::string_view::npos) return not_base64("it holds a foreign character");
    std::string out(text.size() / 4 * 3, '\0');
    int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                 reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (length < 0) return not_base64("it cannot be decoded");
    out.resize(static_cast<size_t>(length) - padding);
    // One spelling per value: bits that the padding hides must be zero.
    if (base64(out) != text) return not_base64("its last character has bits beyond the end");
    return out;
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (char c : bytes) {
        auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4U];
        out += digits[byte & 15U];
    }
    return out;
}

std::string random_bytes(size_t count) {
    std::string out(count, '\0');
    size_t filled = 0;
    while (filled < count) {
        ssize_t got = getrandom(out.data() + filled, count - filled, 0);
        if (got < 0 && errno == EINTR) continue;
        // Without randomness no id and no secret may be made: there is no way to go on.
        if (got < 0) throw std::system_error(errno, std::generic_category(), "getrandom");
        filled += static_cast<size_t>(got);
    }
    return out;
}

}  // namespace trot
