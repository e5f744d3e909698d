// Client: one connection of a client: reads request heads and bodies strictly one after the other, hands each request
// to a Handler, and keeps the rules of the connection (limits, deadlines, keep-alive, lingering close). Pipelined
// requests wait in its input. Callers: the listener makes it; handlers write through it. Threads: the loop's.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "shim/standalone/body.h"
#include "shim/standalone/deadline.h"
#include "shim/standalone/heads.h"
#include "shim/standalone/http.h"
#include "shim/standalone/stream.h"
#include "shim/standalone/worker.h"

namespace trot::host {

// What answers one request. It lives until it has called Client::finish() or has heard client_gone(), and buries
// itself.
class Handler {
  public:
    virtual void start() = 0;
    virtual void body(std::string_view piece) = 0;
    virtual void body_end() = 0;
    virtual void body_refused(int status, const std::string& why) = 0;  // too large, malformed, too slow
    virtual void client_writable() = 0;                                 // after Client::notify_low()
    virtual void client_gone() = 0;                                     // the client must not be touched any more

  protected:
    ~Handler() = default;
};

enum class Door { proxy, admin };

class Client final : public Mortal, public StreamUser {
  public:
    // Takes the descriptor.
    static void welcome(Worker& worker, Door door, int fd, std::string peer);

    // For handlers.
    void write(std::string_view bytes) { stream_.write(bytes); }
    void write(evbuffer* bytes) { stream_.write(bytes); }
    size_t unsent() const { return stream_.unsent(); }
    void notify_low();          // client_writable() when most of it has gone out
    void pause_body(bool yes);  // back-pressure: the upstream does not take more
    void continue_sent() { awaits_continue_ = false; }
    void tunnel();  // from now on body() gets raw bytes, and body_end() is the connection's end
    void shutdown_write() { stream_.shutdown_write(); }
    // A short answer of our own, and the end of the exchange.
    void finish_with(int status, std::string_view why, bool head_only, std::string_view extra = {});
    void finish(bool keep_alive);  // the answer is written
    const std::string& peer() const { return peer_; }
    bool may_keep_alive() const;  // the request allows it, its body is read, and we are not leaving
    bool wants_keep_alive_10() const { return minor_ == 0; }

    // For the worker.
    bool idle() const { return state_ == State::idle && stream_.unsent() == 0; }
    bool served() const { return served_; }  // at least one request
    bool asking() const { return state_ == State::head; }
    bool sending() const { return stream_.unsent() > 0; }
    void close();
    void close_now() { gone(); }  // also in the middle of an exchange

  private:
    enum class State { idle, head, exchange, linger };
    Client(Worker& worker, Door door, std::string peer);

    void pump();
    bool step();
    bool read_head();
    bool read_body();
    void begin();
    void refuse(int status, const std::string& why);
    void leave();  // flush, tell the client that nothing more comes, wait a moment for what it still sends
    void gone();
    void watch_sending();
    static void read_deadline(void* self);
    static void send_deadline(void* self);

    // StreamUser
    void readable() override;
    void writable() override;
    void ended(End how) override;

    Worker& worker_;
    const Door door_;
    const std::string peer_;
    Stream stream_;
    http::Limits limits_;
    http::RequestParser parser_;
    BodyReader body_;
    Handler* handler_ = nullptr;
    State state_ = State::idle;
    bool pumping_ = false;
    bool paused_ = false;
    bool served_ = false;
    bool eof_ = false;  // the client has sent its last byte
    bool awaits_continue_ = false;
    bool keep_alive_ = true;
    int minor_ = 1;
    uint64_t window_ = 0;  // body bytes in this window of the minimum rate
    size_t last_unsent_ = 0;
    int64_t began_ms_ = 0;
    Deadline read_deadline_;
    Deadline send_deadline_;
    std::vector<std::string_view> pieces_;
    std::list<Client*>::iterator place_;
};

}  // namespace trot::host
