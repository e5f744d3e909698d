// Server: the running host from start to exit: snapshot, engine, listeners, signals, the loop, and the orderly end.
// Callers: run_host and run_dispatch_only. Threads: the loop's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "shim/standalone/host.h"
#include "shim/standalone/listener.h"
#include "shim/standalone/signals.h"
#include "shim/standalone/upstream.h"
#include "shim/standalone/worker.h"

namespace trot::host {

class Server {
  public:
    Server(const HostOptions& options, bool proxy);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    int run();  // the exit code

  private:
    struct EngineDrop {
        void operator()(trot_engine* engine) const { trot_engine_drop(engine); }
    };
    struct BaseFree {
        void operator()(event_base* base) const { event_base_free(base); }
    };
    struct EventFree {
        void operator()(event* one) const { event_free(one); }
    };
    using Listeners = std::vector<std::unique_ptr<Listener>>;

    // start
    bool load(PlanHandle& plan, std::string& mistakes) const;
    std::shared_ptr<Snapshot> snapshot(PlanHandle plan, std::string& why);
    bool open_logs(const Settings& settings, std::string& why);
    bool open_listeners(const Settings& settings, Listeners& opened, std::string& why);
    bool start_engine(std::string& why);
    void adopt(const Settings& settings, Listeners opened);
    void watch_signals();
    void say_warnings(const trot_plan* plan);

    // run
    void loop();
    void turn();
    void reap();
    void reload();
    void reopen_logs();
    void make_room();

    // end
    void leave(int64_t within_ms, bool drain);
    bool finished() const;
    void stop_engine();
    void send_last_answers();

    static void engine_ready(evutil_socket_t, short, void* self);

    const HostOptions options_;
    const bool proxy_;
    HostLog log_;
    AccessLog access_;
    std::unique_ptr<event_base, BaseFree> base_;
    Worker worker_;
    std::unique_ptr<trot_engine, EngineDrop> engine_;
    std::unique_ptr<event, EventFree> engine_event_;
    std::unique_ptr<Signals> signals_;
    std::unique_ptr<Deadline> last_call_;  // the end of draining or stopping
    std::unique_ptr<Deadline> log_timer_;
    Listeners listeners_;
    bool over_ = false;
    bool stopping_ = false;  // TERM or INT
    uint64_t told_dropped_ = 0;
};

}  // namespace trot::host
