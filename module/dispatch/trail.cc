#include "dispatch/trail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "crypto/ids.h"

namespace trot {
namespace {

constexpr size_t key_bytes = 32;
constexpr int64_t life_s = int64_t{24} * 3600;
constexpr int64_t ahead_s = 300;  // another machine's clock

Fault failed(const std::string& what, const std::string& path) {
    return Fault{Code::store, "cannot " + what + " " + path + ": " + std::strerror(errno)};
}

Result<std::string> read_key(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) return std::string();
    if (fd < 0) return failed("open", path);
    std::array<char, key_bytes> bytes{};
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    close(fd);
    // A crash may have left it short: it is made anew, and tokens from before are none of ours.
    return got == static_cast<ssize_t>(key_bytes) ? std::string(bytes.data(), bytes.size()) : std::string();
}

// Under a name of its own first, so that nobody ever sees half a key.
Result<void> write_key(const std::string& path, const std::string& key) {
    const std::string fresh = path + "." + std::to_string(getpid());
    const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return failed("make", fresh);
    const bool written = write(fd, key.data(), key.size()) == static_cast<ssize_t>(key.size()) && fsync(fd) == 0;
    close(fd);
    if (written && rename(fresh.c_str(), path.c_str()) == 0) return {};
    const Fault fault = failed("write", path);
    unlink(fresh.c_str());
    return fault;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return fault == std::errc() && stop == text.data() + text.size() && !text.empty();
}

}  // namespace

TrailKey::TrailKey(const Secret& key) : mac_(Digest::sha256, key.reveal()) {}

Result<Secret> trail_secret(const std::string& directory) {
    const std::string path = directory + "/trail.key";
    Result<std::string> key = read_key(path);
    if (!key) return key.fault();
    if (key.value().empty()) {
        key = random_bytes(key_bytes);
        if (Result<void> written = write_key(path, key.value()); !written) return written.fault();
    }
    return Secret(std::move(key).value());
}

std::string TrailKey::spell(const Trail& trail, int64_t now_s) {
    std::string out = std::to_string(trail.hops) + "." + std::to_string(now_s);
    for (const int64_t subscription : trail.via) out += "." + spell_id("", subscription);
    return out + "." + hex(mac_.sign({out}).substr(0, 16));
}

std::optional<Trail> TrailKey::read(std::string_view token, int64_t now_s) {
    const size_t cut = token.rfind('.');
    if (cut == std::string_view::npos) return std::nullopt;
    std::string_view said = token.substr(0, cut);
    if (!same_secret(hex(mac_.sign({said}).substr(0, 16)), token.substr(cut + 1))) return std::nullopt;
    const auto next = [&said] {
        const std::string_view part = said.substr(0, said.find('.'));
        said.remove_prefix(std::min(said.size(), part.size() + 1));
        return part;
    };
    Trail trail;
    int64_t at_s = 0;
    if (!read_number(next(), trail.hops) || !read_number(next(), at_s)) return std::nullopt;
    if (at_s < now_s - life_s || at_s > now_s + ahead_s) return std::nullopt;
    while (!said.empty()) {
        const Result<int64_t> subscription = read_id("", next());
        if (!subscription) return std::nullopt;
        trail.via.push_back(subscription.value());
    }
    return trail;
}

Trail longer(const Trail& trail, int64_t subscription) {
    Trail out = trail;
    ++out.hops;
    if (out.via.size() == most_via) out.via.erase(out.via.begin());
    out.via.push_back(subscription);
    return out;
}

}  // namespace trot
