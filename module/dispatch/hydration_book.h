// HydrationBook: what questions to the upstream led to, on its way to the store: one writer job at a time with all that
// came meanwhile, submitted again until it is durable. Only then may an event's deliveries go: the bytes that are sent
// are those in the store. Callers: hydrator. Threads: the dispatcher's; HydrationBatch::write the writer's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dispatch/context.h"
#include "dispatch/timers.h"
#include "store/store.h"

namespace trot {

// Writing it twice does no harm: the first end of an event counts.
struct HydrationBatch {
    struct Settled {
        int64_t event = 0;
        std::shared_ptr<const std::string> payload;  // null: as it was recorded
        bool counts = true;                          // somebody waits for the event
    };
    struct Postponed {
        int64_t event = 0;
        unsigned tries = 0;
        int64_t due_ms = 0;
    };
    std::vector<Settled> settled;
    std::vector<Postponed> postponed;

    Result<void> write(Tx& tx, bool in_doubt);
    static constexpr bool patient = false;
    static constexpr bool overtakes = false;
    size_t bytes() const;
    bool empty() const { return settled.empty() && postponed.empty(); }
};

class HydrationBook {
  public:
    using Durable = std::function<void(const HydrationBatch&)>;

    HydrationBook(Context& context, Durable durable);

    void settle(HydrationBatch::Settled settled);
    void postpone(const HydrationBatch::Postponed& postponed);
    void drop();  // all that is not with the writer; the store still owes it
    bool idle() const { return !with_writer_; }
    bool empty() const { return !flying_ && next_->empty(); }

  private:
    void submit();
    void came_back(const Result<void>& result);

    Context& context_;
    Durable durable_;
    std::shared_ptr<HydrationBatch> next_ = std::make_shared<HydrationBatch>();
    std::shared_ptr<HydrationBatch> flying_;
    bool with_writer_ = false;  // false while a failed batch waits for its next try
    bool failing_ = false;
    bool dropped_ = false;  // while it was with the writer
    LoopEvent again_;
};

}  // namespace trot
