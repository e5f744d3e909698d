// Resolver: keeps the upstream's addresses fresh. getaddrinfo blocks, so it runs on a thread of its own and only its
// result comes to the loop, through an eventfd. The thread may hang in a dead name server for a minute; it is therefore
// never joined but left with its own share of the state. Callers: Upstream. Threads: the loop's, but for the inside.
#pragma once

#include <event2/event.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shim/standalone/address.h"
#include "shim/standalone/deadline.h"

namespace trot::host {

class Resolver {
  public:
    using Found = std::function<void(std::vector<SocketAddress>, const std::string& why)>;
    Resolver(event_base* base, Origin origin, Found found);
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    void look_up();  // in the background; `found` is called on the loop

  private:
    struct Shared;
    static void done(evutil_socket_t, short, void* self);
    static void again(void* self) { static_cast<Resolver*>(self)->look_up(); }

    Origin origin_;
    Found found_;
    std::shared_ptr<Shared> shared_;
    event* ready_ = nullptr;
    Deadline timer_;
    bool running_ = false;
};

}  // namespace trot::host
