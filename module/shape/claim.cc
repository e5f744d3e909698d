#include "shape/claim.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "crypto/hmac.h"
#include "crypto/ids.h"
#include "plan/shape_check.h"

namespace trot {
namespace {

constexpr size_t key_bytes = 32;

std::string signature(int64_t delivery, const Secret& key) {
    std::string out =
        base64(Hmac(Digest::sha256, key.reveal()).sign({"trotline claim ", spell_id(delivery_prefix, delivery)}));
    std::replace(out.begin(), out.end(), '+', '-');
    std::replace(out.begin(), out.end(), '/', '_');
    out.resize(out.find('='));
    return out;
}

Fault failed(const std::string& path, const char* doing) {
    return Fault{Code::store, std::string("cannot ") + doing + " " + path + ": " + std::strerror(errno)};
}

// Empty: it is not there, or not whole.
std::string read_key(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);  // NOLINT: nothing is made
    if (fd < 0) return {};
    std::string key(key_bytes, '\0');
    const bool whole = read(fd, key.data(), key.size()) == static_cast<ssize_t>(key.size());
    close(fd);
    return whole ? key : std::string();
}

}  // namespace

// Written beside its place and linked to it, so that of several processes one makes it and nobody reads half of it.
Result<Secret> claim_key(const std::string& store_path) {
    const std::string path = store_path + "/claims.key";
    if (std::string key = read_key(path); !key.empty()) return Secret(std::move(key));
    const std::string fresh = path + "." + std::to_string(getpid()) + "." + hex(random_bytes(4));
    const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return failed(fresh, "make");
    const std::string made = random_bytes(key_bytes);
    const bool written = write(fd, made.data(), made.size()) == static_cast<ssize_t>(made.size()) && fdatasync(fd) == 0;
    const int why = errno;
    close(fd);
    const bool linked = written && (link(fresh.c_str(), path.c_str()) == 0 || errno == EEXIST);
    if (!written) errno = why;
    const Fault fault = failed(path, "write");
    unlink(fresh.c_str());
    if (!linked) return fault;
    std::string key = read_key(path);
    if (key.empty())
        return Fault{Code::store, path + " is not whole: remove it, a new one is made (URLs that were sent end)"};
    return Secret(std::move(key));
}

std::string claim_url(std::string_view public_url, int64_t delivery, const Secret& key) {
    while (!public_url.empty() && public_url.back() == '/') public_url.remove_suffix(1);
    return std::string(public_url) + std::string(claim_route) + spell_id(delivery_prefix, delivery) + "/" +
           signature(delivery, key);
}

int64_t read_claim(std::string_view rest, const Secret& key) {
    const size_t slash = rest.find('/');
    if (slash == std::string_view::npos) return 0;
    const Result<int64_t> delivery = read_id(delivery_prefix, rest.substr(0, slash));
    if (!delivery) return 0;
    return same_secret(rest.substr(slash + 1), signature(delivery.value(), key)) ? delivery.value() : 0;
}

bool claim_holds(const Delivery& delivery, int64_t claim_ms, int64_t now_ms) {
    if (delivery.state == DeliveryState::cancelled) return false;
    if (delivery.finished_ms == 0) return true;
    return now_ms < delivery.finished_ms + claim_ms;
}

}  // namespace trot
