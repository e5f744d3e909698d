// A small HTTP/1.1 server that takes any request and answers it: the receiver of `trotline listen`. Callers: listen.
// Threads: one, that of run().
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "shim/standalone/http.h"

struct event_base;
struct evconnlistener;

namespace trot::cli {

struct Received {
    http::RequestHead head;
    std::string body;
};

class Connection;

class Receiver {
  public:
    // `take` sees each request before it is answered with `status`; what it throws ends run(). Throws Failure when the
    // place is taken.
    Receiver(const std::string& bind, uint16_t port, unsigned status, std::function<void(const Received&)> take);
    ~Receiver();
    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;
    std::string address() const;  // "127.0.0.1:41234", with the port that was found
    void run();                   // until INT or TERM

  private:
    friend class Connection;
    std::function<void(const Received&)> take_;
    unsigned status_;
    std::unique_ptr<event_base, void (*)(event_base*)> base_;
    std::unique_ptr<evconnlistener, void (*)(evconnlistener*)> listener_;
    std::set<Connection*> open_;
    std::exception_ptr error_;
};

}  // namespace trot::cli
