// Upstream: the application behind us: its addresses, TLS, and the connections that wait for their next request.
// Connection: one of them, lent to one exchange at a time. Callers: exchanges. Threads: the loop's.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shim/standalone/address.h"
#include "shim/standalone/deadline.h"
#include "shim/standalone/resolver.h"
#include "shim/standalone/stream.h"
#include "shim/standalone/tls.h"
#include "shim/standalone/worker.h"

namespace trot::host {

class Connection;

// The exchange that a connection is lent to.
class Borrower {
  public:
    virtual void upstream_readable() = 0;
    virtual void upstream_writable() = 0;
    virtual void upstream_ended(End how) = 0;
    virtual void upstream_failed(int status, const std::string& why) = 0;  // 502 or 504: no connection came about
    virtual void upstream_timeout() = 0;                                   // of Connection::expect()

  protected:
    ~Borrower() = default;
};

class Upstream : public std::enable_shared_from_this<Upstream> {
  public:
    // NULL with the reason in `why` when the URL or the authorities are wrong. Looks the name up once before it
    // returns.
    static std::shared_ptr<Upstream> make(Worker& worker, const Settings& settings, std::string& why);
    ~Upstream();

    // A connection for that exchange: an idle one unless `fresh`. Never NULL; failures are reported later.
    Connection* lend(Borrower& to, const Settings& settings, bool fresh);
    const std::string& authority() const { return origin_.authority; }
    void close_idle();

  private:
    friend class Connection;
    Upstream(Worker& worker, Origin origin) : worker_(worker), origin_(std::move(origin)) {}
    void found(std::vector<SocketAddress> addresses, const std::string& why);

    Worker& worker_;
    Origin origin_;
    std::unique_ptr<TlsClient> tls_;
    std::vector<SocketAddress> addresses_;
    std::string trouble_;  // why there is no address
    size_t first_ = 0;     // the address that answered last
    std::unique_ptr<Resolver> resolver_;
    std::list<Connection*> idle_;  // oldest first
};

class Connection final : public Mortal, public StreamUser {
  public:
    Connection(Worker& worker, Upstream& home);
    ~Connection() override;

    bool reused() const { return reused_; }
    bool established() const { return established_; }
    void write(std::string_view bytes);
    size_t unsent() const;
    void notify_at(size_t low);
    void want_read(bool yes) { stream_.want_read(yes); }
    Stream& stream() { return stream_; }
    // The borrower waits for the other side: upstream_timeout() when neither this nor forget() is called for so long.
    void expect(int64_t ms) { timer_.set(ms); }
    void forget() { timer_.clear(); }
    // Nothing has reached the kernel yet: the bytes can go over another connection.
    bool nothing_sent() const { return !established_ || (!tls() && stream_.sent() == sent_before_); }
    bool tls() const { return home_.tls_ != nullptr; }

    void give_back(size_t most_idle);  // for the next exchange
    void drop();                       // closes and buries

  private:
    friend class Upstream;
    void start(Borrower& to, int64_t connect_ms);
    void next_address(int last_status, const std::string& why);
    void fail(int status, std::string why);
    void forget_idle();
    static void timer_fired(void* self);

    // StreamUser
    void connected() override;
    void readable() override;
    void writable() override;
    void ended(End how) override;

    Worker& worker_;
    Upstream& home_;
    std::shared_ptr<Upstream> keep_;  // while lent: a reload may drop the upstream
    Borrower* user_ = nullptr;
    Stream stream_;
    Deadline timer_;
    evbuffer* early_ = nullptr;  // written before the connection stood
    std::vector<SocketAddress> addresses_;
    size_t tried_ = 0;
    int64_t connect_ms_ = 0;
    bool reused_ = false;
    bool established_ = false;
    bool idle_ = false;
    int failed_ = 0;  // status to report when the timer fires
    std::string why_;
    uint64_t sent_before_ = 0;
    std::list<Connection*>::iterator place_;
};

}  // namespace trot::host
