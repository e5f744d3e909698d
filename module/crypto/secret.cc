#include "crypto/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

namespace trot {
namespace {

// A moved-from or cleared std::string keeps its bytes in its own buffer: the whole capacity is wiped, not the size.
void wipe(std::string& text) {
    text.resize(text.capacity());
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
}

}  // namespace

Secret::~Secret() { wipe(value_); }

Secret& Secret::operator=(const Secret& other) {
    if (this != &other) {
        wipe(value_);
        value_ = other.value_;
        until_s_ = other.until_s_;
    }
    return *this;
}

Secret::Secret(Secret&& other) noexcept : value_(std::move(other.value_)), until_s_(other.until_s_) {
    wipe(other.value_);
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe(value_);
        value_ = std::move(other.value_);
        until_s_ = other.until_s_;
        wipe(other.value_);
    }
    return *this;
}

std::string Secret::hint() const {
    if (value_.empty()) return "unset";
    // Four bytes of a short secret would be too much of it, and bytes beyond ASCII do not print.
    std::string_view tail = reveal().substr(value_.size() - std::min<size_t>(4, value_.size()));
    bool prints = true;
    for (char c : tail) prints = prints && c > 0x20 && c < 0x7f;
    if (value_.size() < 16 || !prints) return "set";
    return "set, ends in " + std::string(tail);
}

}  // namespace trot
