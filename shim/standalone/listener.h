// Listener: one listening socket, proxy or admin. It pauses while the process has no room for another client. Callers:
// the host. Threads: the loop's.
#pragma once

#include <event2/listener.h>

#include <memory>
#include <string>

#include "shim/standalone/client.h"
#include "shim/standalone/deadline.h"

namespace trot::host {

class Listener {
  public:
    // NULL with the reason in `why`. `text` is the setting: "127.0.0.1:8080", "[::1]:8080", "unix:/run/x".
    static std::unique_ptr<Listener> open(Worker& worker, Door door, const std::string& text, std::string& why);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    const std::string& setting() const { return setting_; }
    const std::string& address() const { return address_; }  // with the port that the system chose
    Door door() const { return door_; }
    void pause(bool yes);

  private:
    Listener(Worker& worker, Door door, std::string setting)
        : worker_(worker), door_(door), setting_(std::move(setting)), again_(worker.base, resume, this) {}
    static void accepted(evconnlistener*, evutil_socket_t fd, sockaddr* from, int length, void* self);
    static void failed(evconnlistener*, void* self);
    static void resume(void* self) { static_cast<Listener*>(self)->pause(false); }

    Worker& worker_;
    const Door door_;
    const std::string setting_;
    std::string address_;
    std::string unlink_;  // a unix socket's path
    evconnlistener* listener_ = nullptr;
    Deadline again_;
};

}  // namespace trot::host
