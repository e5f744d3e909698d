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
#include <span>
#include <vector>

#include "base/recycle.h"
#include "capture/evaluate.h"
#include "capture/recorder.h"

namespace trot {

enum class Place { writer, spill, gone };

struct Ticket {
    ExchangePtr exchange;
    void* user = nullptr;
    size_t bytes = 0;
    int64_t doubt_since = -1;               // the store may hold its events since then; set by whoever has the ticket
    std::atomic<Place> place{Place::gone};  // changes under the desk's lock
    std::list<std::shared_ptr<Ticket>, Recycled<std::shared_ptr<Ticket>>>::iterator seat;
};
using TicketPtr = std::shared_ptr<Ticket>;
using Tickets = std::list<TicketPtr, Recycled<TicketPtr>>;

// How a ticket's exchange ended, to be told.
struct Settled {
    TicketPtr ticket;
    RecordDone done;
};

class Desk {
  public:
    explicit Desk(const RecorderOptions& options) : options_(options) {}

    const RecorderOptions& options() const { return options_; }
    bool has_budget() const { return used_.load(std::memory_order_relaxed) < options_.queue_bytes; }
    bool store_is_healthy() const { return options_.store != nullptr && options_.store->writer().healthy(); }

    Result<TicketPtr> admit(ExchangePtr exchange, void* user, Place place);
    // False when the ticket is not (any more) at `from`. No allocation: it must work when memory is short.
    bool move(const TicketPtr& ticket, Place from, Place to);
    // Tells these outcomes, each once, and then that all are told; a ticket that is not at `from` is left out.
    // Together, because the host's loop takes the same lock for each exchange. No allocation.
    void settle(std::span<Settled> all, Place from);

    // Those that wait for the spill thread, oldest first, at most `most`; they stay where they are.
    std::vector<TicketPtr> waiting_for_spill(size_t most);
    // Until there is one, or poke(), or the time is over.
    void wait_for_spill(int64_t ms, bool even_if_waiting);
    void poke();

    void refuse_more();  // stop(): admit() answers Code::stopped from now on
    bool wait_until_empty(int64_t ms);
    void take_from_writer();  // stop(): what the writer has not settled goes to the spill thread
    void silence();           // after stop(): no callback any more

    void wake_dispatcher();
    void learn_event(int64_t number);
    int64_t last_event() const { return last_event_.load(std::memory_order_relaxed); }

    void note(Level level, std::string line) const;
    void count(Counters::N Counters::*which, uint64_t by = 1) const;

    Stock stock;

    // The writer thread's own: one evaluator, and the group at work.
    Evaluator evaluator;
    struct Group {
        size_t open = 0;              // its jobs that are not done yet
        std::vector<Settled> landed;  // the others, as far as they are durable
        uint64_t events = 0;
        uint64_t barren = 0;  // exchanges without an event
    } group;

  private:
    Tickets& room_of(Place place) { return place == Place::writer ? at_writer_ : at_spill_; }

    const RecorderOptions options_;
    std::atomic<uint64_t> used_{0};
    std::atomic<int64_t> last_event_{0};
    std::mutex lock_;
    std::condition_variable changed_, empty_;
    Tickets at_writer_, at_spill_;
    size_t open_ = 0;  // tickets whose outcome is not told yet
    bool poked_ = false;
    bool refusing_ = false;
    std::mutex wake_lock_;
    bool silent_ = false;
};

}  // namespace trot
