// Engine: lifecycle and wiring of one process: store (writer thread), recorder, dispatcher, completions, the one
// readable fd, log ring, counters and the status file. Made from a Plan and nothing else. Callers: the door. Threads:
// start, stop, close and the destructor block; the rest as the door's tags say.
//
// Two file tables. The engine's threads have one of their own (why: base/own_files.h), so what the host's threads call
// falls into three kinds:
//   here        memory, condition variables and the completions' eventfd, which has its number in both tables:
//               plan, name_capture, blank, ready, commit, commit_wait, manage (queues the request), log, counters,
//               completions, stopped, status_json, metrics; of swap the change of plan
//   handed over on the root thread, waited for (a hop of some ten microseconds): start, the dispatcher's part of swap
//               and quiesce (its mailbox is an eventfd of the engine's), stop, close, the destructor; trot_query
//               (sole.h)
//   the host's  trot_plan_load and its kin, trot_guard: open and close what they need within the call
// Where the system gives no second table all is as before: one table, one closing thread for each descriptor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "capture/recorder.h"
#include "engine/common.h"
#include "manage/admin.h"

namespace trot {

class Engine {
  public:
    // A store that cannot be opened does not fail the start: the proxy must run (alarm in the log, captures spill).
    // Code::usage when the process has an engine that was not closed.
    static Result<std::unique_ptr<Engine>> start(PlanPtr plan, const EngineOptions& options);
    ~Engine();  // stops and closes first when nobody did

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
    Result<void> manage(ManageRequest request, void* user);
    Log& log();
    Counters& counters();
    Completions& completions();
    void quiesce();
    void stop(int64_t drain_ms);  // every user token is in completions() when it returns
    bool stopped() const;
    // Stops, and closes the store. A capture of the host's may keep the rest alive for a while: memory, one idle
    // thread.
    void close();
    std::string status_json();
    std::string metrics();

  private:
    struct Impl;
    explicit Engine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace trot
