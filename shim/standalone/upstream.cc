#include "shim/standalone/upstream.h"

#include <algorithm>

namespace trot::host {

std::shared_ptr<Upstream> Upstream::make(Worker& worker, const Settings& settings, std::string& why) {
    auto origin = parse_origin(settings.upstream);
    if (!origin) {
        why = "standalone.upstream \"" + settings.upstream + "\" is not like http://127.0.0.1:8000 or https://host";
        return nullptr;
    }
    std::shared_ptr<Upstream> upstream(new Upstream(worker, *origin));
    if (origin->tls) {
        upstream->tls_ = TlsClient::make(settings.upstream_ca_file, settings.upstream_verify, why);
        if (upstream->tls_ == nullptr) return nullptr;
    }
    upstream->addresses_ = resolve(*origin, upstream->trouble_);
    const bool numeric = parse_address(origin->host + ":1") || parse_address("[" + origin->host + "]:1");
    if (!numeric) {
        upstream->resolver_ = std::make_unique<Resolver>(
            worker.base, *origin, [self = upstream.get()](auto addresses, const std::string& trouble) {
                self->found(std::move(addresses), trouble);
            });
        upstream->resolver_->look_up();
    }
    if (upstream->addresses_.empty())
        worker.log.say(TROT_LOG_WARNING, "upstream " + origin->authority + ": " + upstream->trouble_ +
                                             "; requests get 502 until it has an address");
    return upstream;
}

Upstream::~Upstream() { close_idle(); }

void Upstream::close_idle() {
    std::list<Connection*> idle;
    idle.swap(idle_);
    for (Connection* connection : idle) delete connection;
}

void Upstream::found(std::vector<SocketAddress> addresses, const std::string& why) {
    if (addresses.empty()) {
        // Old addresses are better than none: the name server may only be away for a while.
        if (why != trouble_) worker_.log.say(TROT_LOG_WARNING, "upstream " + origin_.authority + ": " + why);
        trouble_ = why;
        return;
    }
    trouble_.clear();
    addresses_ = std::move(addresses);
    first_ %= addresses_.size();
}

Connection* Upstream::lend(Borrower& to, const Settings& settings, bool fresh) {
    while (!fresh && !idle_.empty()) {
        Connection* connection = idle_.back();
        connection->forget_idle();
        if (connection->stream_.peer_closed()) {
            connection->drop();
            continue;
        }
        connection->user_ = &to;
        connection->keep_ = shared_from_this();
        connection->reused_ = true;
        connection->sent_before_ = connection->stream_.sent();
        connection->timer_.clear();
        return connection;
    }
    auto* connection = new Connection(worker_, *this);
    connection->keep_ = shared_from_this();
    connection->start(to, settings.connect_timeout_ms);
    return connection;
}

Connection::Connection(Worker& worker, Upstream& home)
    : worker_(worker),
      home_(home),
      stream_(worker.base, worker.flusher, *this),
      timer_(worker.base, timer_fired, this),
      early_(evbuffer_new()) {}

Connection::~Connection() {
    if (early_ != nullptr) evbuffer_free(early_);
}

void Connection::start(Borrower& to, int64_t connect_ms) {
    user_ = &to;
    connect_ms_ = connect_ms;
    addresses_ = home_.addresses_;
    if (home_.first_ < addresses_.size())
        std::rotate(addresses_.begin(), addresses_.begin() + static_cast<long>(home_.first_), addresses_.end());
    next_address(502, home_.trouble_.empty() ? "the upstream has no address" : home_.trouble_);
}

void Connection::next_address(int last_status, const std::string& why) {
    stream_.close();
    while (tried_ < addresses_.size()) {
        const SocketAddress& address = addresses_[tried_++];
        SSL* ssl = home_.tls_ != nullptr ? home_.tls_->session(home_.origin_.host) : nullptr;
        if (home_.tls_ != nullptr && ssl == nullptr) continue;
        if (!stream_.connect(address, ssl)) continue;
        timer_.set(connect_ms_);
        return;
    }
    fail(last_status, why);
}

// The borrower is told from the loop, not from inside its own call.
void Connection::fail(int status, std::string why) {
    failed_ = status;
    why_ = std::move(why);
    timer_.set(0);
}

void Connection::timer_fired(void* self) {
    auto& connection = *static_cast<Connection*>(self);
    if (connection.idle_) return connection.drop();
    if (connection.user_ == nullptr) return;
    if (connection.failed_ != 0) return connection.user_->upstream_failed(connection.failed_, connection.why_);
    if (!connection.established_) return connection.next_address(504, "the upstream took too long to connect");
    connection.user_->upstream_timeout();
}

void Connection::connected() {
    established_ = true;
    const size_t count = home_.addresses_.size();
    for (size_t i = 0; i < count; ++i)
        if (home_.addresses_[i].text() == addresses_[tried_ - 1].text()) home_.first_ = i;
    if (evbuffer_get_length(early_) > 0) stream_.write(early_);
    timer_.clear();
    if (user_ != nullptr) user_->upstream_writable();
}

void Connection::write(std::string_view bytes) {
    if (established_)
        stream_.write(bytes);
    else
        evbuffer_add(early_, bytes.data(), bytes.size());
}

size_t Connection::unsent() const {
    if (!stream_.open() || !established_) return evbuffer_get_length(early_);
    return stream_.unsent();
}

void Connection::notify_at(size_t low) {
    if (established_) stream_.notify_at(low);  // else connected() tells
}

void Connection::readable() {
    if (idle_) return drop();  // nobody asked
    if (user_ != nullptr) user_->upstream_readable();
}

void Connection::writable() {
    if (user_ != nullptr) user_->upstream_writable();
}

void Connection::ended(End how) {
    if (idle_) return drop();
    if (how == End::not_connected) {
        const char* tls = stream_.tls_error();
        return next_address(502, tls != nullptr ? std::string("TLS with the upstream failed: ") + tls
                                                : "the upstream refused the connection");
    }
    if (user_ != nullptr) user_->upstream_ended(how);
}

void Connection::give_back(size_t most_idle) {
    user_ = nullptr;
    const std::shared_ptr<Upstream> home = std::move(keep_);
    // What the kernel still has for it is seen by the next read, or when it is lent again.
    if (most_idle == 0 || worker_.leaving || evbuffer_get_length(stream_.input()) > 0) return drop();
    constexpr int64_t idle_ms = 60000;
    timer_.set(idle_ms);
    stream_.want_read(true);
    idle_ = true;
    home_.idle_.push_back(this);
    place_ = std::prev(home_.idle_.end());
    if (home_.idle_.size() > most_idle) home_.idle_.front()->drop();
}

void Connection::forget_idle() {
    if (!idle_) return;
    home_.idle_.erase(place_);
    idle_ = false;
}

void Connection::drop() {
    forget_idle();
    user_ = nullptr;
    timer_.clear();
    stream_.close();
    keep_.reset();
    worker_.bury(this);
}

}  // namespace trot::host
