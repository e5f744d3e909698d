#include "shim/standalone/client.h"

#include "shim/standalone/admin.h"
#include "shim/standalone/exchange.h"
#include "shim/standalone/flow.h"
#include "shim/standalone/http_text.h"

namespace trot::host {
namespace {

constexpr int64_t kWindowMs = 10000;       // of the body's minimum rate
constexpr int64_t kLingerMs = 5000;        // how long a refused client may go on sending until it reads the refusal
constexpr int64_t kSendStallMs = 60000;    // a client that takes no byte for so long is gone
constexpr uint64_t kAdminBody = 16 << 20;  // of an API's request: what goes beyond Admin's own limit is not kept
constexpr uint64_t kPageBody = 1 << 20;    // of the admin pages', which want none

http::Limits limits_of(const Worker& worker, Door door) {
    http::Limits limits = worker.now->settings.request_limits;
    if (door == Door::admin) limits.body_bytes = kAdminBody;
    return limits;
}

// Is it for the library rather than for the upstream: a route of a management API?
bool is_managed(const Worker& worker, const http::RequestHead& head) {
    trot_request request{};
    request.size = sizeof request;
    request.method = to_text(head.method);
    request.target = to_text(head.target);
    request.host = to_text(head.host);
    return trot_plan_manages(worker.now->plan.get(), &request) != 0;
}

}  // namespace

Client::Client(Worker& worker, Door door, std::string peer)
    : worker_(worker),
      door_(door),
      peer_(std::move(peer)),
      stream_(worker.base, worker.flusher, *this),
      limits_(limits_of(worker, door)),
      parser_(limits_),
      read_deadline_(worker.base, read_deadline, this),
      send_deadline_(worker.base, send_deadline, this) {}

void Client::welcome(Worker& worker, Door door, int fd, std::string peer) {
    auto* client = new Client(worker, door, std::move(peer));
    worker.clients.push_back(client);
    client->place_ = std::prev(worker.clients.end());
    ++worker.client_count;
    if (!client->stream_.accept(fd)) return client->close();
    client->read_deadline_.set(worker.now->settings.header_timeout_ms);
}

void Client::close() {
    if (!stream_.open() && place_ == std::list<Client*>::iterator()) return;
    read_deadline_.clear();
    send_deadline_.clear();
    stream_.close();
    worker_.clients.erase(place_);
    place_ = {};
    --worker_.client_count;
    worker_.bury(this);
    if (worker_.room != nullptr) worker_.room(worker_.room_argument);
}

void Client::gone() {
    Handler* handler = handler_;
    handler_ = nullptr;
    if (handler != nullptr) handler->client_gone();
    close();
}

// ---- reading ----

void Client::readable() {
    if (!pumping_) pump();
}

void Client::pump() {
    pumping_ = true;
    while (stream_.open() && step()) {
    }
    pumping_ = false;
}

bool Client::step() {
    switch (state_) {
        case State::idle:
        case State::head:
            return read_head();
        case State::exchange:
            return read_body();
        case State::linger:
            stream_.drain(evbuffer_get_length(stream_.input()));
            return false;
    }
    return false;
}

bool Client::read_head() {
    const std::string_view bytes = stream_.peek();
    if (bytes.empty()) {
        if (eof_) leave();
        return false;
    }
    size_t used = 0;
    const http::Progress progress = parser_.feed(bytes, used);
    stream_.drain(used);
    if (progress == http::Progress::bad) {
        refuse(parser_.refusal.status, parser_.refusal.why);
        return true;
    }
    if (progress == http::Progress::done) {
        begin();
        return true;
    }
    if (state_ == State::idle && parser_.started()) {
        state_ = State::head;
        read_deadline_.set(worker_.now->settings.header_timeout_ms);  // for the whole head, however slowly it drips
    }
    return true;
}

void Client::begin() {
    http::RequestHead& head = parser_.head;
    state_ = State::exchange;
    began_ms_ = now_ms();
    keep_alive_ = head.keep_alive;
    minor_ = head.minor;
    awaits_continue_ = head.expect_continue;
    paused_ = false;
    window_ = 0;
    body_.start(head.framing, head.length, limits_);
    if (body_.complete())
        read_deadline_.clear();
    else
        read_deadline_.set(kWindowMs);
    const bool managed = is_managed(worker_, head);
    if (door_ == Door::admin && !managed && head.length > kPageBody)
        return refuse(413, "the admin pages take no body of more than a mebibyte");
    if (door_ == Door::admin || managed)
        handler_ = new Admin(worker_, *this, std::move(head), door_ == Door::proxy);
    else
        handler_ = new Exchange(worker_, *this, std::move(head));
    handler_->start();
    if (handler_ != nullptr && body_.complete()) handler_->body_end();
}

bool Client::read_body() {
    if (handler_ == nullptr || body_.complete() || paused_) return false;
    const std::string_view bytes = stream_.peek();
    if (bytes.empty()) {
        if (!eof_) return false;
        if (body_.until_end()) {
            body_.start(http::Framing::none, 0, limits_);
            handler_->body_end();
        } else {
            gone();  // the body will never be complete
        }
        return false;
    }
    size_t used = 0;
    pieces_.clear();
    const http::Progress progress = body_.feed(bytes, used, pieces_);
    window_ += used;
    for (const std::string_view piece : pieces_)
        if (handler_ != nullptr) handler_->body(piece);
    if (!stream_.open()) return false;
    stream_.drain(used);
    if (handler_ == nullptr) return true;
    if (progress == http::Progress::bad) handler_->body_refused(body_.refusal.status, body_.refusal.why);
    if (progress == http::Progress::done) {
        read_deadline_.clear();
        handler_->body_end();
    }
    return true;
}

void Client::pause_body(bool yes) {
    if (paused_ == yes) return;
    paused_ = yes;
    stream_.want_read(!yes);
    if (!yes) {
        window_ = 0;
        if (!body_.complete()) read_deadline_.set(kWindowMs);
    }
}

void Client::tunnel() {
    body_.start(http::Framing::close, 0, limits_);
    read_deadline_.clear();
    if (!pumping_ && (eof_ || evbuffer_get_length(stream_.input()) > 0)) pump();
}

void Client::ended(End how) {
    if (how == End::eof) {
        eof_ = true;
        if (state_ == State::linger) return close();
        if (!pumping_) pump();  // a half-closed client still gets its answer
        return;
    }
    gone();
}

// ---- answering ----

bool Client::may_keep_alive() const { return keep_alive_ && body_.complete() && !worker_.leaving && !eof_; }

void Client::finish_with(int status, std::string_view why, bool head_only, std::string_view extra) {
    const bool keep = may_keep_alive();
    std::string text;
    append_page(text, Page{status, why, head_only, !keep, keep && minor_ == 0, extra});
    write(text);
    finish(keep);
}

void Client::finish(bool keep_alive) {
    handler_ = nullptr;
    if (!keep_alive || !body_.complete()) return leave();
    state_ = State::idle;
    served_ = true;
    paused_ = false;
    parser_.reset();
    stream_.want_read(true);
    read_deadline_.set(worker_.now->settings.keepalive_timeout_ms);
    if (!pumping_ && (eof_ || evbuffer_get_length(stream_.input()) > 0)) pump();
    if (worker_.full) worker_.room(worker_.room_argument);
}

void Client::refuse(int status, const std::string& why) {
    std::string text;
    append_page(text, Page{status, why, false, true, false, {}});
    write(text);
    if (worker_.access.enabled() && door_ == Door::proxy) {
        AccessEntry entry;
        entry.peer = peer_;
        entry.method = parser_.head.method;
        entry.target = parser_.head.target;
        entry.minor = parser_.head.minor;
        entry.status = status;
        worker_.access.finish(worker_.access.format(entry), {});
    }
    leave();
}

void Client::leave() {
    state_ = State::linger;
    if (eof_ && stream_.unsent() == 0) return close();
    stream_.drain(evbuffer_get_length(stream_.input()));
    stream_.want_read(true);
    stream_.shutdown_write();
    read_deadline_.clear();
    watch_sending();
    stream_.notify_at(0);
}

void Client::notify_low() {
    watch_sending();
    stream_.notify_at(kLow);
}

void Client::watch_sending() {
    last_unsent_ = stream_.unsent();
    send_deadline_.set(kSendStallMs);
}

void Client::writable() {
    send_deadline_.clear();
    if (state_ == State::linger) {
        if (eof_) return close();
        read_deadline_.set(kLingerMs);
        return;
    }
    if (handler_ != nullptr) handler_->client_writable();
}

// ---- deadlines ----

void Client::read_deadline(void* self) {
    auto& client = *static_cast<Client*>(self);
    const Settings& settings = client.worker_.now->settings;
    switch (client.state_) {
        case State::idle:
            if (client.stream_.unsent() == 0) return client.close();
            client.watch_sending();
            return client.read_deadline_.set(settings.keepalive_timeout_ms);
        case State::head:
            return client.refuse(408, "the head took too long");
        case State::linger:
            return client.close();
        case State::exchange:
            break;
    }
    if (client.handler_ == nullptr || client.body_.complete() || client.body_.until_end()) return;
    const bool excused = client.paused_ || client.awaits_continue_;
    if (!excused && client.window_ < settings.body_min_rate * (kWindowMs / 1000))
        return client.handler_->body_refused(408, "the body came too slowly");
    client.window_ = 0;
    client.read_deadline_.set(kWindowMs);
}

void Client::send_deadline(void* self) {
    auto& client = *static_cast<Client*>(self);
    const size_t unsent = client.stream_.unsent();
    if (unsent == 0) return;
    if (unsent >= client.last_unsent_) return client.gone();
    client.watch_sending();
}

}  // namespace trot::host
