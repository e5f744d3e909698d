// The recorder's work for the store's writer: one exchange (RecordJob), or some taken back from the spill file
// (ReplayJob). Callers: recorder, spill_keeper. Threads: made anywhere; write() and done() on the writer thread.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "capture/desk.h"
#include "capture/spill_format.h"

namespace trot {

using DeskPtr = std::shared_ptr<Desk>;

// An exchange's events, and what it leaves for later ones: evaluated once although write() may run twice, unless the
// store was asked for what earlier ones left.
struct Judged {
    bool evaluated = false;
    std::vector<Event> events;
    Memos memos;

    // doubt_since: skip what the store holds already; -1: it holds none of them.
    Result<void> write(Desk& desk, const Exchange& exchange, Tx& tx, int64_t doubt_since);
    void count_jobs(const Desk& desk) const;  // once it is durable

  private:
    Result<void> evaluate(Desk& desk, const Exchange& exchange, Tx& tx);
};

class RecordJob final : public Job {
  public:
    RecordJob(DeskPtr desk, TicketPtr ticket) : desk_(std::move(desk)), ticket_(std::move(ticket)) {}
    Result<void> write(Tx& tx) override;
    void done(const Result<void>& outcome) override;
    size_t bytes() const override { return ticket_->bytes; }
    bool patient() const override { return !ticket_->exchange->awaited; }

    static void* operator new(size_t) { return Recycled<RecordJob>().allocate(1); }
    static void operator delete(void* at) noexcept { Recycled<RecordJob>().deallocate(static_cast<RecordJob*>(at), 1); }

  private:
    void recorded();
    void end_group();

    DeskPtr desk_;
    TicketPtr ticket_;
    Judged judged_;
    bool in_group_ = false;
};

// What became of records on their way back; shared by the job and the spill thread.
struct Flight {
    enum class State { flying, landed, refused, sick };  // refused: the store is healthy and does not want them
    std::atomic<State> state{State::flying};
    std::vector<SpilledExchange> records;
    uint64_t from = 0, to = 0;  // positions in the spill file
    bool doubt = false;         // set when the outcome of its commit is unknown
    std::string fault;
};

class ReplayJob : public Job {
  public:
    ReplayJob(DeskPtr desk, std::shared_ptr<Flight> flight) : desk_(std::move(desk)), flight_(std::move(flight)) {}
    Result<void> write(Tx& tx) override;
    void done(const Result<void>& outcome) override;

  private:
    DeskPtr desk_;
    std::shared_ptr<Flight> flight_;
    std::vector<Judged> judged_;
};

}  // namespace trot
