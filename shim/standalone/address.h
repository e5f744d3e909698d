// Listening and upstream addresses as text: "127.0.0.1:8080", "[::1]:8080", "unix:/run/app.sock". Pure but for
// resolve(), which may block on DNS and runs on the helper thread. Callers: listener, upstream, settings.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trot::host {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    std::string text() const;  // "127.0.0.1:8080", "[::1]:8080", "unix:/path"
    std::string host() const;  // "127.0.0.1", "::1"; "unix" for a unix socket
};

// A numeric address, or a unix socket's path; nothing when it is neither.
std::optional<SocketAddress> parse_address(std::string_view text);

struct Origin {
    bool tls = false;
    std::string host;       // without brackets
    std::string port;       // decimal
    std::string authority;  // as it goes into a Host field: port left out when it is the scheme's
};

// "http://host:port", "https://host"; nothing when it cannot be read.
std::optional<Origin> parse_origin(std::string_view url);

// Every address of the origin, in the system's order. Blocks on DNS. An empty result leaves the reason in `why`.
std::vector<SocketAddress> resolve(const Origin& origin, std::string& why);

}  // namespace trot::host
