#include "shim/standalone/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>

namespace trot::host {
namespace {

std::optional<uint16_t> parse_port(std::string_view text) {
    unsigned value = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    if (text.empty() || error != std::errc() || at != end || value > 65535) return std::nullopt;
    return static_cast<uint16_t>(value);
}

std::optional<SocketAddress> unix_address(std::string_view path) {
    SocketAddress address;
    auto* to = reinterpret_cast<sockaddr_un*>(&address.storage);
    if (path.empty() || path.size() >= sizeof(to->sun_path)) return std::nullopt;
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, path.data(), path.size());
    address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return address;
}

}  // namespace

std::string SocketAddress::host() const {
    char text[INET6_ADDRSTRLEN] = "";
    if (storage.ss_family == AF_INET)
        inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, text, sizeof text);
    else if (storage.ss_family == AF_INET6)
        inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr, text, sizeof text);
    else
        return "unix";
    return text;
}

std::string SocketAddress::text() const {
    if (storage.ss_family == AF_INET)
        return host() + ":" + std::to_string(ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port));
    if (storage.ss_family == AF_INET6)
        return "[" + host() + "]:" + std::to_string(ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port));
    if (length <= offsetof(sockaddr_un, sun_path)) return "unix:";
    return std::string("unix:") + reinterpret_cast<const sockaddr_un*>(&storage)->sun_path;
}

std::optional<SocketAddress> parse_address(std::string_view text) {
    if (text.starts_with("unix:")) return unix_address(text.substr(5));
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_port(text.substr(colon + 1));
    std::string host(text.substr(0, colon));
    if (!port) return std::nullopt;
    if (host == "localhost") host = "127.0.0.1";
    if (host == "*") host = "0.0.0.0";
    SocketAddress address;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        auto* to = reinterpret_cast<sockaddr_in6*>(&address.storage);
        to->sin6_family = AF_INET6;
        to->sin6_port = htons(*port);
        address.length = sizeof(sockaddr_in6);
        if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &to->sin6_addr) != 1) return std::nullopt;
        return address;
    }
    auto* to = reinterpret_cast<sockaddr_in*>(&address.storage);
    to->sin_family = AF_INET;
    to->sin_port = htons(*port);
    address.length = sizeof(sockaddr_in);
    if (inet_pton(AF_INET, host.c_str(), &to->sin_addr) != 1) return std::nullopt;
    return address;
}

std::optional<Origin> parse_origin(std::string_view url) {
    Origin origin;
    if (url.starts_with("https://")) {
        origin.tls = true;
        url.remove_prefix(8);
    } else if (url.starts_with("http://")) {
        url.remove_prefix(7);
    } else {
        return std::nullopt;
    }
    if (url.ends_with('/')) url.remove_suffix(1);
    origin.authority = std::string(url);
    origin.port = origin.tls ? "443" : "80";
    const size_t bracket = url.rfind(']');
    const size_t colon = url.rfind(':');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        if (!parse_port(url.substr(colon + 1))) return std::nullopt;
        origin.port = std::string(url.substr(colon + 1));
        url = url.substr(0, colon);
        if (origin.port == (origin.tls ? "443" : "80")) origin.authority = std::string(url);
    }
    if (url.size() > 2 && url.front() == '[' && url.back() == ']') url = url.substr(1, url.size() - 2);
    if (url.empty() || url.find_first_of("/@?# ") != std::string_view::npos) return std::nullopt;
    origin.host = std::string(url);
    return origin;
}

std::vector<SocketAddress> resolve(const Origin& origin, std::string& why) {
    std::vector<SocketAddress> found;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int error = getaddrinfo(origin.host.c_str(), origin.port.c_str(), &hints, &list);
    if (error != 0) {
        why = gai_strerror(error);
        return found;
    }
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
        if (one->ai_addrlen > sizeof(sockaddr_storage)) continue;
        SocketAddress address;
        memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
        address.length = one->ai_addrlen;
        found.push_back(address);
    }
    freeaddrinfo(list);
    return found;
}

}  // namespace trot::host
