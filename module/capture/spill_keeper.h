// Spill keeper: the thread that puts exchanges into the spill file while the store is sick, and takes them back when it
// has healed. Callers: recorder. Threads: its own; ready() any.
#pragma once

#include <atomic>
#include <memory>

#include "base/thread.h"
#include "capture/job.h"
#include "capture/spill.h"

namespace trot {

class SpillKeeper {
  public:
    explicit SpillKeeper(DeskPtr desk) : desk_(std::move(desk)) {}
    Result<void> start();
    bool ready() const { return usable_.load(std::memory_order_relaxed); }
    // Spills what waits; what cannot be spilled is lost and alarmed. Joins.
    void stop();

  private:
    void run();
    bool open_file();
    void spill_waiting();
    bool spill(const std::vector<TicketPtr>& tickets);
    void offer_to_store(const std::vector<TicketPtr>& tickets);
    void lose(const TicketPtr& ticket);
    void lose_the_rest();
    void replay();
    void land();
    void take_off();
    void give_up_record();
    int64_t idle_ms() const;
    int64_t now_us() const { return desk_->options().clock->steady_us(); }

    DeskPtr desk_;
    std::unique_ptr<SpillFile> file_;
    std::atomic<bool> usable_{false};
    std::atomic<bool> stopping_{false};
    std::shared_ptr<Flight> flight_;
    size_t batch_ = 0;          // records of the next flight
    unsigned refusals_ = 0;     // of the one record that is offered alone
    int64_t doubt_since_ = -1;  // of the next flight as a whole
    bool announced_ = false;
    int64_t retry_spill_us_ = 0, retry_replay_us_ = 0, retry_open_us_ = 0;
    Quiet quiet_{10000};
    Thread thread_;
};

}  // namespace trot
