#include "shim/standalone/listener.h"

#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace trot::host {
namespace {

constexpr int kBacklog = 1024;
constexpr int64_t kOutOfFilesMs = 200;

// A socket file that nobody listens on is left over from a killed process.
bool stale(const SocketAddress& address) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    const bool dead = ::connect(fd, address.get(), address.length) != 0 && errno == ECONNREFUSED;
    ::close(fd);
    return dead;
}

int listen_on(const SocketAddress& address) {
    const int family = address.storage.ss_family;
    const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const int on = 1;
    if (family != AF_UNIX) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd, address.get(), address.length) == 0 && ::listen(fd, kBacklog) == 0) return fd;
    const int error = errno;
    ::close(fd);
    errno = error;
    return -1;
}

}  // namespace

std::unique_ptr<Listener> Listener::open(Worker& worker, Door door, const std::string& text, std::string& why) {
    const auto address = parse_address(text);
    if (!address) {
        why = "cannot listen on \"" + text +
              "\": an address is like 127.0.0.1:8080, [::1]:8080 or unix:/run/trotline.sock";
        return nullptr;
    }
    std::unique_ptr<Listener> listener(new Listener(worker, door, text));
    const bool is_unix = address->storage.ss_family == AF_UNIX;
    const std::string path = is_unix ? text.substr(5) : std::string();
    if (is_unix && stale(*address)) ::unlink(path.c_str());
    const int fd = listen_on(*address);
    if (fd < 0) {
        why = "cannot listen on " + text + ": " + strerror(errno);
        return nullptr;
    }
    listener->unlink_ = path;
    SocketAddress bound;
    bound.length = sizeof bound.storage;
    getsockname(fd, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length);
    listener->address_ = is_unix ? text : bound.text();
    listener->listener_ =
        evconnlistener_new(worker.base, accepted, listener.get(), LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (listener->listener_ == nullptr) {
        why = "cannot listen on " + text + ": out of memory";
        ::close(fd);
        return nullptr;
    }
    evconnlistener_set_error_cb(listener->listener_, failed);
    return listener;
}

Listener::~Listener() {
    if (listener_ != nullptr) evconnlistener_free(listener_);
    if (!unlink_.empty()) ::unlink(unlink_.c_str());
}

void Listener::pause(bool yes) {
    if (yes)
        evconnlistener_disable(listener_);
    else
        evconnlistener_enable(listener_);
}

void Listener::accepted(evconnlistener*, evutil_socket_t fd, sockaddr* from, int length, void* self) {
    auto& listener = *static_cast<Listener*>(self);
    SocketAddress peer;
    if (length > 0 && static_cast<size_t>(length) <= sizeof peer.storage) {
        memcpy(&peer.storage, from, static_cast<size_t>(length));
        peer.length = static_cast<socklen_t>(length);
    }
    Client::welcome(listener.worker_, listener.door_, fd, peer.host());
    if (listener.worker_.room != nullptr) listener.worker_.room(listener.worker_.room_argument);
}

// Out of descriptors or memory: the pending connection stays in the backlog, and asking again at once would only burn
// the CPU.
void Listener::failed(evconnlistener*, void* self) {
    auto& listener = *static_cast<Listener*>(self);
    listener.worker_.log.say(TROT_LOG_ERROR, "cannot accept on " + listener.address_ + ": " + strerror(errno));
    listener.pause(true);
    listener.again_.set(kOutOfFilesMs);
}

}  // namespace trot::host
