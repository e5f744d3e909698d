// FanOut: the deliveries of an event, made in the event's own transaction while this process leads: one commit and two
// hops between threads fewer until the first attempt, and the event is not read again. Only where that keeps nobody
// waiting: fan-outs of at most `most_each`, `most_a_group` together, and only when every older event has been expanded.
// What it leaves is behind the cursor, and the Expander's. Callers: lead (publishes), the writer (rides), dispatcher
// and expander (news). Threads: publish, retire and set_time the dispatcher's; write and done the writer's; the rest
// any.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "dispatch/mailbox.h"
#include "dispatch/topics.h"
#include "store/store.h"

namespace trot {

// What a group's events became: written by one transaction, then sent by the loop.
struct Ride {
    struct Made {
        Event event;
        std::vector<Delivery> deliveries;
    };
    int64_t from = 0, to = 0;  // the cursor before and after
    std::vector<Made> made;    // of the events that somebody asked for
};

// Whom a recorder of this process shall tell of new events: the process that leads; our own loop; or no one (we lead,
// and nobody subscribes, or all is expanded): a wake-up costs more than the event.
enum class News { elsewhere, here, nowhere };

class FanOut final : public Rider {
  public:
    // Runs on the loop, in the order of the commits: the ride is durable, or has failed.
    using Landed = std::function<void(Ride&, const Result<void>&)>;

    FanOut(const Clock& clock, Counters& counters, std::shared_ptr<Mailbox> mailbox)
        : clock_(clock), mailbox_(std::move(mailbox)), matcher_(clock, counters) {}

    void on_landed(Landed landed) { landed_ = std::move(landed); }  // before the writer knows this
    // This process leads, with these subscriptions. After retire() no transaction that begins uses them: the next
    // leader, whose first transaction comes later, finds every delivery in the store.
    void publish(TopicIndexPtr topics);
    void retire();
    // We lead still, and the subscriptions are being changed: events wait for the cursor, and for the new ones.
    void pause();
    void set_time(int64_t run_ms);  // what the run clock says now
    News news() const;
    // Has the newest group of this process left events to the cursor?
    bool behind() const { return behind_.load(std::memory_order_relaxed); }

    bool boards() override;
    Result<void> write(Tx& tx, std::vector<Event>& added) override;
    void done(const Result<void>& outcome) override;

    static constexpr size_t most_each = 32;
    static constexpr size_t most_a_group = 512;

  private:
    Result<void> expand(Tx& tx, std::vector<Event>& added, const TopicIndex& topics);
    TopicIndexPtr topics() const;

    const Clock& clock_;
    const std::shared_ptr<Mailbox> mailbox_;
    Landed landed_;
    mutable std::mutex lock_;
    TopicIndexPtr topics_;  // null: nothing is made here now
    bool leads_ = false;
    std::atomic<int64_t> run_ahead_ms_{0};  // of the steady clock
    std::atomic<bool> behind_{true};
    std::shared_ptr<Ride> ride_;
    EventMatcher matcher_;
    std::vector<const Listener*> matches_;
};

}  // namespace trot
