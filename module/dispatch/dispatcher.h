// Dispatcher: one leader per store (file lock) expands recorded events into deliveries (small fan-outs in the event's
// own transaction, the rest behind a durable cursor: exactly once), claims due deliveries in memory, signs, sends, and
// hands outcomes to the writer, where they share the next group commit. A slow or dead endpoint harms nobody else:
// per-endpoint queues and concurrency, round robin, circuit breaker with one probe. Callers: engine. Threads: one
// thread of its own; start/stop/swap/quiesce from the engine's owner.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "egress/transport.h"
#include "plan/plan.h"
#include "store/store.h"

namespace trot {

struct DispatchOptions {
    Store* store = nullptr;
    PlanPtr plan;
    Clock* clock = &system_clock();
    Log* log = nullptr;
    Counters* counters = nullptr;
    // Makes the transport on the dispatcher's loop; null is the libcurl one. Tests pass a fake.
    std::function<Result<std::unique_ptr<Transport>>(event_base*, const Plan&)> transport;
};

class Dispatcher {
  public:
    virtual ~Dispatcher() = default;
    virtual void wake() = 0;                   // new events; any thread, cheap
    virtual void subscriptions_changed() = 0;  // through a management API; any thread, cheap
    virtual void swap(PlanPtr plan) = 0;       // reload; any thread; returns before it has happened
    virtual void quiesce() = 0;                // give up leadership soon, start nothing new; any thread
    virtual void stop(int64_t drain_ms) = 0;   // outcomes in flight are waited for, then written; joins
    virtual std::string status_json() = 0;     // leader, endpoints by state; any thread
};

Result<std::unique_ptr<Dispatcher>> start_dispatcher(const DispatchOptions& options);

}  // namespace trot
