#include "receiver.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "message.h"
#include "say.h"

namespace trot::cli {
namespace {

constexpr timeval idle = {75, 0};

constexpr http::Limits limits() {
    http::Limits limits;
    limits.body_bytes = 64ULL << 20;
    return limits;
}

const char* phrase(unsigned status) {
    switch (status / 100) {
        case 2:
            return "OK";
        case 3:
            return "Elsewhere";
        case 4:
            return "Refused";
        default:
            return "Failed";
    }
}

}  // namespace

// One client. Frees itself when it has gone.
class Connection {
  public:
    Connection(Receiver& receiver, bufferevent* stream) : receiver_(receiver), stream_(stream) {
        bufferevent_setcb(
            stream, [](bufferevent*, void* self) { static_cast<Connection*>(self)->readable(); },
            [](bufferevent*, void* self) { static_cast<Connection*>(self)->written(); },
            [](bufferevent*, short, void* self) { delete static_cast<Connection*>(self); }, this);
        bufferevent_set_timeouts(stream, &idle, &idle);
        bufferevent_enable(stream, EV_READ | EV_WRITE);
        receiver.open_.insert(this);
    }
    ~Connection() {
        receiver_.open_.erase(this);
        bufferevent_free(stream_);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

  private:
    // What is there, head or body, as often as a step forward is possible.
    void readable() {
        evbuffer* input = bufferevent_get_input(stream_);
        while (!closing_ && evbuffer_get_length(input) > 0) {
            const size_t length = evbuffer_get_length(input);
            const std::string_view bytes(reinterpret_cast<char*>(evbuffer_pullup(input, -1)), length);
            size_t used = 0;
            if (!step(bytes, used)) break;
            evbuffer_drain(input, used);
        }
    }

    bool step(std::string_view bytes, size_t& used) {
        if (!body_) {
            const http::Progress progress = head_.feed(bytes, used);
            if (progress == http::Progress::bad) return refuse(head_.refusal);
            if (progress == http::Progress::more) return true;
            body_.emplace(head_.head.framing, head_.head.length, limits());
            if (head_.head.expect_continue) send("HTTP/1.1 100 Continue\r\n\r\n");
            const bool empty = head_.head.framing == http::Framing::none ||
                               (head_.head.framing == http::Framing::length && head_.head.length == 0);
            return !empty || body("", used, used);
        }
        return body(bytes, used, 0);
    }

    bool body(std::string_view bytes, size_t& used, size_t before) {
        size_t taken = 0;
        const http::Progress progress = body_->feed(bytes, taken);
        used = before + taken;
        if (progress == http::Progress::bad) return refuse(body_->refusal);
        return progress == http::Progress::more || answer();
    }

    bool answer() {
        try {
            receiver_.take_({head_.head, std::move(body_->body)});
        } catch (...) {
            // libevent's frames are C: the exception goes round them.
            receiver_.error_ = std::current_exception();
            event_base_loopbreak(receiver_.base_.get());
            return false;
        }
        closing_ = !head_.head.keep_alive;
        send(fmt::format("HTTP/1.1 {} {}\r\n{}{}\r\n", receiver_.status_, phrase(receiver_.status_),
                         receiver_.status_ == 204 ? "" : "Content-Length: 0\r\n",
                         closing_ ? "Connection: close\r\n" : ""));
        head_.reset();
        body_.reset();
        return true;
    }

    bool refuse(const http::Refusal& refusal) {
        warn(fmt::format("a request was refused: {}", refusal.why));
        closing_ = true;
        send(fmt::format("HTTP/1.1 {} {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", refusal.status,
                         phrase(static_cast<unsigned>(refusal.status))));
        return false;
    }

    void send(const std::string& text) { bufferevent_write(stream_, text.data(), text.size()); }
    void written() {
        if (closing_) delete this;
    }

    Receiver& receiver_;
    bufferevent* stream_;
    http::RequestParser head_{limits()};
    std::optional<BodyReader> body_;
    bool closing_ = false;
};

Receiver::Receiver(const std::string& bind, uint16_t port, unsigned status, std::function<void(const Received&)> take)
    : take_(std::move(take)),
      status_(status),
      base_(event_base_new(), event_base_free),
      listener_(nullptr, evconnlistener_free) {
    sockaddr_storage place{};
    int length = sizeof place;
    if (evutil_parse_sockaddr_port(bind.c_str(), reinterpret_cast<sockaddr*>(&place), &length) != 0)
        throw Failure(exit_usage, fmt::format("--bind {}: wanted is an address, as in 127.0.0.1 or ::1", bind));
    if (place.ss_family == AF_INET6)
        reinterpret_cast<sockaddr_in6*>(&place)->sin6_port = htons(port);
    else
        reinterpret_cast<sockaddr_in*>(&place)->sin_port = htons(port);
    listener_.reset(evconnlistener_new_bind(
        base_.get(),
        [](evconnlistener*, evutil_socket_t fd, sockaddr*, int, void* self) {
            auto* receiver = static_cast<Receiver*>(self);
            bufferevent* stream = bufferevent_socket_new(receiver->base_.get(), fd, BEV_OPT_CLOSE_ON_FREE);
            if (stream == nullptr) {
                evutil_closesocket(fd);
                return;
            }
            new Connection(*receiver, stream);
        },
        this, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE, 128,
        reinterpret_cast<sockaddr*>(&place), length));
    if (!listener_)
        throw Failure(exit_unreachable, fmt::format("cannot listen on {} port {}: {}", bind, port, strerror(errno)));
}

Receiver::~Receiver() {
    while (!open_.empty()) delete *open_.begin();
}

std::string Receiver::address() const {
    sockaddr_storage place{};
    socklen_t length = sizeof place;
    if (getsockname(evconnlistener_get_fd(listener_.get()), reinterpret_cast<sockaddr*>(&place), &length) != 0)
        return "?";
    char text[INET6_ADDRSTRLEN] = {};
    if (place.ss_family == AF_INET6) {
        const auto* six = reinterpret_cast<const sockaddr_in6*>(&place);
        inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
        return fmt::format("[{}]:{}", text, ntohs(six->sin6_port));
    }
    const auto* four = reinterpret_cast<const sockaddr_in*>(&place);
    inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(four->sin_port));
}

void Receiver::run() {
    const auto stop = [](evutil_socket_t, short, void* base) { event_base_loopbreak(static_cast<event_base*>(base)); };
    using Signal = std::unique_ptr<event, void (*)(event*)>;
    const Signal interrupt(evsignal_new(base_.get(), SIGINT, stop, base_.get()), event_free);
    const Signal terminate(evsignal_new(base_.get(), SIGTERM, stop, base_.get()), event_free);
    event_add(interrupt.get(), nullptr);
    event_add(terminate.get(), nullptr);
    // A reader of our lines that goes away is an error of writing, not a death.
    (void)signal(SIGPIPE, SIG_IGN);
    event_base_dispatch(base_.get());
    if (error_) std::rethrow_exception(error_);
}

}  // namespace trot::cli
