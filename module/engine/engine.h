// Engine: lifecycle and wiring of one process: store (writer thread), recorder, dispatcher, completions, the one readable fd, log
// ring, counters and the status file. Made from a Plan and nothing else. Callers: the door. Threads: start/stop block; the rest as
// the door's tags say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/counters.h"
#include "base/log.h"
#include "capture/recorder.h"
#include "dispatch/dispatcher.h"
#include "plan/plan.h"

namespace trot {

struct EngineOptions {
    bool dispatch = true;
    std::string host_name;  // "standalone", "nginx": for status
};

struct Completion {
    Code code = Code::ok;  // ok: recorded; store: lost; stopped: the engine stopped first
    bool spilled = false;
    void* user = nullptr;
    std::vector<int64_t> events;
    std::vector<std::string> topics;
};

class Engine {
  public:
    static Result<std::unique_ptr<Engine>> start(PlanPtr plan, const EngineOptions& options);
    ~Engine();

    PlanPtr plan() const;
    void swap(PlanPtr plan);
    Recorder& recorder();
    Log& log();
    Counters& counters();
    int fd() const;                                     // readable when reap() or the log has something
    size_t reap(std::vector<Completion>& into, size_t max);  // appends; [loop]
    void quiesce();
    Result<void> stop(int64_t drain_ms);
    std::string status_json();
    std::string metrics();  // Prometheus text format

  private:
    struct Impl;
    explicit Engine(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace trot
