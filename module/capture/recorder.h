// Recorder: takes committed exchanges from the host's loop, has them evaluated and written by the store's writer, and
// tells the outcome. When the store is sick it spills them to a second file (spill.h) and takes them back when the
// store has healed. Callers: the door (commit), engine (wiring). Threads: submit() from the host's thread(s), never
// blocks; the callbacks run on the writer thread or the recorder's spill thread, maybe both at once, and must neither
// throw nor block.
//
// Way of an exchange: writer (store) → when its commit fails: spill thread (file) → when that fails too: kept in
// memory, within the budget, and both are tried again. While the store is sick new exchanges go to the spill file at
// once (a held client shall not wait for a lock that is known to be taken); they come back in order when it has healed,
// keep their at_ms, and are judged by the plan then in force. What no one could take until stop() is lost: counted,
// alarmed.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "capture/stock.h"
#include "store/store.h"

namespace trot {

// How a commit ended. `recorded`: durable in the store (maybe with zero events: no hook said yes). `spilled`: durable
// in the spill file. `lost`: neither; counted, alarmed.
enum class Recorded { recorded, spilled, lost };

struct RecordDone {
    Recorded outcome = Recorded::recorded;
    void* user = nullptr;
    std::vector<int64_t> events;      // numbers, known once recorded
    std::vector<std::string> topics;  // of the same events
};

struct RecorderOptions {
    Store* store = nullptr;  // null: no store could be opened; everything spills
    std::string path;        // store directory, for the spill file
    uint64_t queue_bytes = 64ULL << 20;
    uint64_t spill_reserve = 16ULL << 20;
    uint64_t spill_max = 1ULL << 30;
    Clock* clock = &system_clock();
    Log* log = nullptr;
    Counters* counters = nullptr;
    std::function<PlanPtr()> plan;         // the plan in force, for spilled exchanges; without it they stay in the file
    std::function<void(RecordDone)> done;  // for exchanges with a user token
    std::function<void()> told;            // after the last done() of a group: wakes the host's loop
    std::function<void()> events_recorded;  // once a group commit that holds new events: wakes the dispatcher
};

class Recorder {
  public:
    virtual ~Recorder() = default;
    // Would an exchange be taken now? False when the budget is used up, or the store is sick and the spill file full:
    // the host then applies on_fault before the request goes up. Any thread, no lock.
    virtual bool ready() const = 0;
    virtual bool healthy() const = 0;
    // An empty exchange to fill, in memory that an earlier one had; it must not outlive the recorder. Its plan is the
    // last one it had: most often the one it is to have again.
    virtual ExchangePtr blank() = 0;
    // The plan has changed: blank exchanges let go of the old one.
    virtual void forget_plan() = 0;
    // Takes the exchange. Code::full when the budget is used up (nothing taken, `user` not used), Code::stopped after
    // stop().
    virtual Result<void> submit(ExchangePtr exchange, void* user) = 0;
    virtual void stop(int64_t drain_ms) = 0;  // every user token has come back when it returns
};

Result<std::unique_ptr<Recorder>> make_recorder(const RecorderOptions& options);

}  // namespace trot
