#include "ask_host.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "say.h"
#include "shim/standalone/http.h"

namespace trot::cli {
namespace {

constexpr timeval patience{15, 0};
constexpr size_t most_answer = 1U << 20;

class Socket {
  public:
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket() {
        if (fd_ >= 0) close(fd_);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    int fd() const { return fd_; }

  private:
    int fd_;
};

bool nobody_there(int error) { return error == ECONNREFUSED || error == ENOENT; }

int connected(int family, const sockaddr* address, socklen_t bytes) {
    const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, address, bytes) == 0) return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int connected_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path.data(), path.size());
    return connected(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

// "127.0.0.1:9180", "[::1]:9180", "localhost:9180". Who listens on all addresses is asked at the loopback one.
int connected_to(const std::string& listen) {
    if (listen.rfind("unix:", 0) == 0) return connected_unix(listen.substr(5));
    const size_t colon = listen.rfind(':');
    std::string host = listen.substr(0, colon);
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    if (host == "0.0.0.0") host = "127.0.0.1";
    if (host == "::") host = "::1";
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), listen.substr(colon + 1).c_str(), &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, freeaddrinfo);
    int fd = -1;
    for (const addrinfo* at = list.get(); at != nullptr && fd < 0; at = at->ai_next)
        fd = connected(at->ai_family, at->ai_addr, at->ai_addrlen);
    return fd;
}

void send_all(int fd, std::string_view bytes, const std::string& listen) {
    while (!bytes.empty()) {
        const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0)
            throw Failure(exit_unreachable, fmt::format("the host at {} took no request: {}", listen, strerror(errno)));
        bytes.remove_prefix(static_cast<size_t>(sent));
    }
}

std::string read_to_end(int fd, const std::string& listen) {
    std::string all;
    char piece[16384];
    while (all.size() <= most_answer) {
        const ssize_t got = recv(fd, piece, sizeof piece, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            throw Failure(exit_unreachable, fmt::format("the host at {} gave no answer: {}", listen, strerror(errno)));
        if (got == 0) break;
        all.append(piece, static_cast<size_t>(got));
    }
    return all;
}

}  // namespace

std::optional<HostAnswer> ask_host(const std::string& listen, const std::string& token, const std::string& path,
                                   const std::string& body) {
    const Socket socket(connected_to(listen));
    if (socket.fd() < 0) {
        if (nobody_there(errno)) return std::nullopt;
        throw Failure(exit_unreachable, fmt::format("cannot reach [admin] listen {}: {} (--store DIR goes without it)",
                                                    listen, strerror(errno)));
    }
    send_all(
        socket.fd(),
        fmt::format("POST {} HTTP/1.1\r\nHost: admin\r\nAuthorization: Bearer {}\r\nUser-Agent: trotline (uid {})\r\n"
                    "Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
                    path, token, getuid(), body.size(), body),
        listen);
    const std::string answer = read_to_end(socket.fd(), listen);
    http::ResponseParser parser{http::Limits{}};
    size_t used = 0;
    if (parser.feed(answer, used, "POST") != http::Progress::done)
        throw Failure(exit_unreachable, fmt::format("what listens at {} does not answer like a host", listen));
    return HostAnswer{parser.head.status, answer.substr(used)};
}

}  // namespace trot::cli
