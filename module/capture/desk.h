// Desk: the recorder's books. Each exchange taken in has a ticket, which is in exactly one place: with the store's
// writer, waiting for the spill thread, or gone (its outcome was told). The place decides who may settle it, so a token
// comes back exactly once even when stop() takes exchanges away from a writer that hangs. Callers: recorder, job,
// spill_keeper. Threads: any; one lock, never held during a callback, a write or an evaluation.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "capture/evaluate.h"
#include "capture/recorder.h"

namespace trot {

enum class Place { writer, spill, gone };

struct Ticket {
    std::shared_ptr<const Exchange> exchange;
    void* user = nullptr;
    size_t bytes = 0;
    int64_t doubt_since = -1;   // the store may hold its events since then; set by whoever has the ticket
    Place place = Place::gone;  // guarded by the desk
    std::list<std::shared_ptr<Ticket>>::iterator seat;
};
using TicketPtr = std::shared_ptr<Ticket>;

class Desk {
  public:
    explicit Desk(const RecorderOptions& options) : options_(options) {}

    const RecorderOptions& options() const { return options_; }
    bool has_budget() const { return used_.load(std::memory_order_relaxed) < options_.queue_bytes; }
    bool store_is_healthy() const { return options_.store != nullptr && options_.store->writer().healthy(); }

    Result<TicketPtr> admit(std::unique_ptr<Exchange> exchange, void* user, Place place);
    // False when the ticket is not (any more) at `from`. No allocation: it must work when memory is short.
    bool move(const TicketPtr& ticket, Place from, Place to);
    // Tells the outcome, once; nothing happens when the ticket is not at `from`.
    void settle(const TicketPtr& ticket, Place from, RecordDone done);
    bool still_at(const TicketPtr& ticket, Place place);

    // Those that wait for the spill thread, oldest first, at most `most`; they stay where they are.
    std::vector<TicketPtr> waiting_for_spill(size_t most);
    // Until there is one, or poke(), or the time is over.
    void wait_for_spill(int64_t ms, bool even_if_waiting);
    void poke();

    void refuse_more();  // stop(): admit() answers Code::stopped from now on
    bool wait_until_empty(int64_t ms);
    void take_from_writer();  // stop(): what the writer has not settled goes to the spill thread
    void silence();           // after stop(): no callback any more

    void told();  // a group's outcomes have all been settled
    void wake_dispatcher();
    void learn_event(int64_t number);
    int64_t last_event() const { return last_event_.load(std::memory_order_relaxed); }

    void note(Level level, std::string line) const;
    void count(Counters::N Counters::*which, uint64_t by = 1) const;

    // The writer thread's own: one evaluator, and the jobs of the group at work that are not done yet.
    Evaluator evaluator;
    size_t group_open = 0;
    bool group_has_events = false;

  private:
    std::list<TicketPtr>& room_of(Place place) { return place == Place::writer ? at_writer_ : at_spill_; }

    const RecorderOptions options_;
    std::atomic<uint64_t> used_{0};
    std::atomic<int64_t> last_event_{0};
    std::mutex lock_;
    std::condition_variable changed_, empty_;
    std::list<TicketPtr> at_writer_, at_spill_;
    size_t open_ = 0;  // tickets whose outcome is not told yet
    bool poked_ = false;
    bool refusing_ = false;
    std::mutex wake_lock_;
    bool silent_ = false;
};

}  // namespace trot
