// Engine: lifecycle and wiring of one process: store (writer thread), recorder, dispatcher, completions, the one
// readable fd, log ring, counters and the status file. Made from a Plan and nothing else. Callers: the door. Threads:
// start, stop and the destructor block; the rest as the door's tags say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/counters.h"
#include "base/log.h"
#include "capture/recorder.h"
#include "engine/completions.h"
#include "manage/admin.h"
#include "plan/plan.h"

namespace trot {

struct EngineOptions {
    bool dispatch = true;
    std::string host;  // "standalone", "nginx": for status
};

class Engine {
  public:
    // A store that cannot be opened does not fail the start: the proxy must run (alarm in the log, captures spill).
    static Result<std::unique_ptr<Engine>> start(PlanPtr plan, const EngineOptions& options);
    ~Engine();  // stops first when nobody did

    PlanPtr plan() const;
    void swap(PlanPtr plan);
    // 16 bytes that name a capture among all that any process records: unique, not secret.
    void name_capture(std::string& into);
    ExchangePtr blank();  // see recorder.h
    // Could an exchange be taken now? Else the host applies on_fault before the request goes up.
    bool ready() const;
    Result<void> commit(ExchangePtr exchange, void* user);
    // The same for threaded hosts: waits until it is durable, at most ms; Code::late then (it still goes on). [blocks]
    Result<void> commit_wait(ExchangePtr exchange, int64_t ms);
    Result<void> manage(AdminRequest request, void* user);
    Log& log();
    Counters& counters();
    Completions& completions();
    void quiesce();
    void stop(int64_t drain_ms);  // every user token is in completions() when it returns
    bool stopped() const;
    std::string status_json();
    std::string metrics();

  private:
    struct Impl;
    explicit Engine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace trot
