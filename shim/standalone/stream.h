// Stream: one connection (plain or TLS) as a bufferevent, and the Flusher that writes every stream's bytes once at the
// end of each turn of the loop. So an answer's head and body, or all that one read produced, leave in one system call,
// whoever added them. Users: the client's side and the upstream's side. Threads: the loop's.
#pragma once

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "shim/standalone/address.h"

namespace trot::host {

class Stream;

// How a direction of a connection came to its end.
enum class End { eof, read_error, write_error, not_connected };

class StreamUser {
  public:
    virtual void connected() {}
    virtual void readable() = 0;      // input() has bytes
    virtual void writable() = 0;      // once after notify_at(): what waits has fallen to that mark
    virtual void ended(End how) = 0;  // may come after write_error once more for reading
  protected:
    ~StreamUser() = default;
};

class Flusher {
  public:
    void add(Stream* stream) { waiting_.push_back(stream); }
    void remove(const Stream* stream);
    void run();  // end of a turn; users may be called and may write more

  private:
    std::vector<Stream*> waiting_, now_;
};

class Stream {
  public:
    Stream(event_base* base, Flusher& flusher, StreamUser& user) : base_(base), flusher_(flusher), user_(user) {}
    ~Stream() { close(); }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    bool accept(int fd);  // takes the descriptor
    // ssl (taken) may be NULL. connected() or ended(not_connected) follow, unless it answers false at once.
    bool connect(const SocketAddress& to, SSL* ssl);
    void close();
    bool open() const { return event_ != nullptr; }

    evbuffer* input() const { return bufferevent_get_input(event_); }
    std::string_view peek() const;  // the first piece of what has come, as it lies in memory
    void drain(size_t count) { evbuffer_drain(input(), count); }
    void want_read(bool yes);
    bool reading() const { return reading_; }

    void write(std::string_view bytes);
    void write(evbuffer* bytes);  // moved out of it
    size_t unsent() const { return evbuffer_get_length(output()); }
    uint64_t sent() const { return sent_; }  // plain connections only: bytes that the kernel has taken
    void notify_at(size_t low);
    void shutdown_write();          // after what was written before; plain connections only
    void reset_on_close();          // the peer shall see a reset, not an orderly end
    bool peer_closed() const;       // asks the kernel: has it closed, or sent what nobody asked for?
    const char* tls_error() const;  // why not_connected, when TLS was the reason; else NULL

  private:
    friend class Flusher;
    evbuffer* output() const { return bufferevent_get_output(event_); }
    void use(bufferevent* event);
    void touch();
    void flush();
    void drained();
    static void on_read(bufferevent*, void* self);
    static void on_write(bufferevent*, void* self);
    static void on_event(bufferevent*, short what, void* self);

    event_base* base_;
    Flusher& flusher_;
    StreamUser& user_;
    bufferevent* event_ = nullptr;
    uint64_t sent_ = 0;
    size_t low_ = 0;
    bool notify_ = false;
    bool tls_ = false;
    bool connected_ = false;
    bool reading_ = false;
    bool queued_ = false;       // in the Flusher's list
    bool kernel_full_ = false;  // the bufferevent writes when the socket takes more
    bool shutdown_ = false;     // asked for
    bool shut_ = false;         // done
};

}  // namespace trot::host
