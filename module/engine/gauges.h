// Gauges: what the metrics page says of the store: deliveries that wait, the oldest one, subscriptions by state.
// Counting a million pending deliveries takes tens of milliseconds, so that is done at most a hundredth of the time:
// whoever asks sooner gets what was counted last. Callers: works. Threads: made, look_if_asked() and destroyed where
// the store may be read; last() anywhere, it touches memory only.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "store/store.h"

namespace trot {

struct StoreGauges {
    StoreStatus status;
    SubscriptionFigures subscriptions;
};

class Gauges {
  public:
    Gauges(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

    void look();                        // counts, unless it is too soon
    void look_if_asked();               // the same, when last() was called in the last minute
    std::optional<StoreGauges> last();  // nothing: not counted yet, or the store cannot be read

  private:
    Result<StoreGauges> count();

    Store& store_;
    const Clock& clock_;
    std::unique_ptr<Reader> reader_;
    int64_t next_us_ = 0;
    std::atomic<int64_t> asked_us_{0};
    std::mutex lock_;
    std::optional<StoreGauges> last_;
};

}  // namespace trot
