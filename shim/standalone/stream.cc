#include "shim/standalone/stream.h"

#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace trot::host {
namespace {

constexpr size_t kReadAhead = 64 * 1024;  // what may lie unread in a connection's input

void no_delay(int fd, int family) {
    const int on = 1;
    if (family == AF_UNIX) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

int family_of(int fd) {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    return getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) == 0 ? name.ss_family : AF_UNSPEC;
}

}  // namespace

void Flusher::remove(const Stream* stream) {
    std::replace(waiting_.begin(), waiting_.end(), const_cast<Stream*>(stream), static_cast<Stream*>(nullptr));
    std::replace(now_.begin(), now_.end(), const_cast<Stream*>(stream), static_cast<Stream*>(nullptr));
}

void Flusher::run() {
    while (!waiting_.empty()) {
        now_.swap(waiting_);
        for (size_t i = 0; i < now_.size(); ++i) {
            Stream* stream = now_[i];
            if (stream == nullptr) continue;
            now_[i] = nullptr;
            stream->queued_ = false;
            stream->flush();
        }
        now_.clear();
    }
}

void Stream::use(bufferevent* event) {
    event_ = event;
    bufferevent_setcb(event_, on_read, on_write, on_event, this);
    bufferevent_setwatermark(event_, EV_READ, 0, kReadAhead);
}

bool Stream::accept(int fd) {
    bufferevent* event = bufferevent_socket_new(base_, fd, BEV_OPT_CLOSE_ON_FREE);
    if (event == nullptr) {
        evutil_closesocket(fd);
        return false;
    }
    use(event);
    no_delay(fd, family_of(fd));
    connected_ = true;
    // We write ourselves (flush); the bufferevent only when the kernel's buffer is full.
    bufferevent_disable(event_, EV_WRITE);
    want_read(true);
    return true;
}

bool Stream::connect(const SocketAddress& to, SSL* ssl) {
    tls_ = ssl != nullptr;
    const int fd = tls_ ? -1 : ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (!tls_ && fd < 0) return false;
    bufferevent* event =
        tls_ ? bufferevent_openssl_socket_new(base_, fd, ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE)
             : bufferevent_socket_new(base_, fd, BEV_OPT_CLOSE_ON_FREE);
    if (event == nullptr) {
        SSL_free(ssl);
        if (fd >= 0) evutil_closesocket(fd);
        return false;
    }
    if (tls_) bufferevent_openssl_set_allow_dirty_shutdown(event, 1);
    use(event);
    if (bufferevent_socket_connect(event_, to.get(), static_cast<int>(to.length)) != 0) {
        close();
        return false;
    }
    if (open()) no_delay(bufferevent_getfd(event_), to.storage.ss_family);
    return open();
}

void Stream::close() {
    if (queued_) flusher_.remove(this);
    if (event_ != nullptr) bufferevent_free(event_);
    event_ = nullptr;
    queued_ = connected_ = reading_ = kernel_full_ = notify_ = shutdown_ = shut_ = false;
    sent_ = 0;
}

std::string_view Stream::peek() const {
    evbuffer_iovec piece{};
    if (evbuffer_peek(input(), -1, nullptr, &piece, 1) < 1) return {};
    return {static_cast<const char*>(piece.iov_base), piece.iov_len};
}

void Stream::want_read(bool yes) {
    if (event_ == nullptr || reading_ == yes) return;
    reading_ = yes;
    if (!yes) {
        bufferevent_disable(event_, EV_READ);
        return;
    }
    bufferevent_enable(event_, EV_READ);
    if (evbuffer_get_length(input()) > 0)
        bufferevent_trigger(event_, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

void Stream::touch() {
    if (queued_ || kernel_full_) return;
    queued_ = true;
    flusher_.add(this);
}

void Stream::write(std::string_view bytes) {
    if (event_ == nullptr) return;
    evbuffer_add(output(), bytes.data(), bytes.size());
    touch();
}

void Stream::write(evbuffer* bytes) {
    if (event_ == nullptr) return;
    evbuffer_add_buffer(output(), bytes);
    touch();
}

void Stream::notify_at(size_t low) {
    low_ = low;
    notify_ = true;
    if (tls_) bufferevent_setwatermark(event_, EV_WRITE, low, 0);
    touch();
}

void Stream::shutdown_write() {
    shutdown_ = true;
    touch();
}

void Stream::reset_on_close() {
    const linger hard{1, 0};
    if (event_ != nullptr) setsockopt(bufferevent_getfd(event_), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

bool Stream::peer_closed() const {
    char byte = 0;
    if (evbuffer_get_length(input()) > 0) return true;
    if (tls_) return false;
    const ssize_t got = recv(bufferevent_getfd(event_), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

const char* Stream::tls_error() const {
    if (event_ == nullptr || !tls_) return nullptr;
    if (SSL* ssl = bufferevent_openssl_get_ssl(event_)) {
        const long verdict = SSL_get_verify_result(ssl);
        if (verdict != X509_V_OK) return X509_verify_cert_error_string(verdict);
    }
    const unsigned long error = bufferevent_get_openssl_error(event_);
    return error != 0 ? ERR_reason_error_string(error) : nullptr;
}

void Stream::flush() {
    if (event_ == nullptr || !connected_ || kernel_full_) return;
    if (!tls_ && unsent() > 0) {
        evbuffer_unfreeze(output(), 1);  // a bufferevent keeps its output to itself
        while (unsent() > 0) {
            const int wrote = evbuffer_write(output(), bufferevent_getfd(event_));
            if (wrote <= 0) break;
            sent_ += static_cast<uint64_t>(wrote);
        }
        evbuffer_freeze(output(), 1);
        if (unsent() > 0) {
            // Full, or broken: then the bufferevent finds the error too and tells it in its own turn.
            kernel_full_ = true;
            bufferevent_enable(event_, EV_WRITE);
        }
    }
    drained();
}

void Stream::drained() {
    if (unsent() == 0 && shutdown_ && !shut_) {
        shut_ = true;
        if (!tls_) ::shutdown(bufferevent_getfd(event_), SHUT_WR);
    }
    if (!notify_ || unsent() > low_) return;
    notify_ = false;
    user_.writable();
}

void Stream::on_read(bufferevent*, void* self) { static_cast<Stream*>(self)->user_.readable(); }

void Stream::on_write(bufferevent*, void* self) {
    auto& stream = *static_cast<Stream*>(self);
    if (!stream.tls_ && stream.unsent() == 0) {
        stream.kernel_full_ = false;
        bufferevent_disable(stream.event_, EV_WRITE);
    }
    stream.drained();
}

void Stream::on_event(bufferevent*, short what, void* self) {
    auto& stream = *static_cast<Stream*>(self);
    if ((what & BEV_EVENT_CONNECTED) != 0) {
        stream.connected_ = true;
        if (!stream.tls_) bufferevent_disable(stream.event_, EV_WRITE);
        stream.want_read(true);
        stream.touch();
        stream.user_.connected();
        return;
    }
    if (!stream.connected_) return stream.user_.ended(End::not_connected);
    if ((what & BEV_EVENT_READING) != 0) {
        stream.reading_ = false;
        return stream.user_.ended((what & BEV_EVENT_EOF) != 0 ? End::eof : End::read_error);
    }
    stream.user_.ended(End::write_error);
}

}  // namespace trot::host
