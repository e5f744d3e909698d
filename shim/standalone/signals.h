// Signals as the operator knows them from nginx: HUP reload, USR1 reopen the logs, QUIT drain, TERM and INT stop.
// Callers: the host. Threads: the loop's; every other thread of the process blocks all signals.
#pragma once

#include <event2/event.h>

#include <functional>
#include <vector>

namespace trot::host {

class Signals {
  public:
    explicit Signals(event_base* base) : base_(base) {}
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    void on(int signal, std::function<void()> call);
    // SIGPIPE (a closed client) and SIGXFSZ (a file size limit) would kill the process: the calls' errors say enough.
    static void ignore_deadly();

  private:
    struct One {
        std::function<void()> call;
        struct event* handle = nullptr;
    };
    event_base* base_;
    std::vector<One*> all_;
};

}  // namespace trot::host
