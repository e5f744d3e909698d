// Worker: what every part of the running host shares: the loop, the engine, the snapshot in force, logs, and the lists
// that draining and stopping need. One per process. Threads: the loop's.
#pragma once

#include <event2/event.h>

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "shim/standalone/access_log.h"
#include "shim/standalone/host_log.h"
#include "shim/standalone/settings.h"
#include "shim/standalone/stream.h"

namespace trot::host {

class Client;
class Exchange;

// Objects that end inside their own callbacks are buried: taken out of service at once, freed at the end of the turn.
class Mortal {
  public:
    virtual ~Mortal() = default;
};

// What comes back through trot_engine_reap. The worker frees it after done().
class Completion {
  public:
    virtual ~Completion() = default;
    virtual void done(const trot_done& result) = 0;
};

struct Worker {
    event_base* base = nullptr;
    trot_engine* engine = nullptr;
    SnapshotPtr now;
    Flusher flusher;
    HostLog& log;
    AccessLog& access;
    std::list<Client*> clients;
    size_t client_count = 0;
    std::list<Exchange*> exchanges;
    size_t waiting_completions = 0;
    bool leaving = false;  // draining or stopping: every answer closes its connection
    std::string scratch;   // a head under construction
    std::vector<trot_field> fields;
    bool full = false;              // no room for another client: listeners pause
    void (*room)(void*) = nullptr;  // called when a connection came, went, or became idle while it was full
    void* room_argument = nullptr;

    Worker(HostLog& host_log, AccessLog& access_log) : log(host_log), access(access_log) {}

    void bury(Mortal* dead) { graveyard.emplace_back(dead); }
    void end_turn() {
        flusher.run();
        while (!graveyard.empty()) {
            std::vector<std::unique_ptr<Mortal>> dead;
            dead.swap(graveyard);
        }
        access.turn();
    }

  private:
    std::vector<std::unique_ptr<Mortal>> graveyard;
};

}  // namespace trot::host
