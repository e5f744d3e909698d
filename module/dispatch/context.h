// Context: what every part of the dispatcher needs: the store and its reader, clocks, log, counters, loop, mailbox.
// LoopJob: a unit of work for the store's writer whose data come back to the loop when it is durable or has failed.
// Callers: dispatch only. Threads: the dispatcher's, but for LoopJob::write and done, which the writer runs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "crypto/secret.h"
#include "dispatch/in_hand.h"
#include "dispatch/mailbox.h"
#include "dispatch/run_clock.h"
#include "store/store.h"

struct event_base;

namespace trot {

struct Context {
    Store& store;
    const Clock& clock;
    Log& log;
    Counters& counters;
    std::shared_ptr<Mailbox> mailbox;
    event_base* base;
    RunClock run;
    std::unique_ptr<Reader> reader = nullptr;
    uint64_t seed = 1;
    Quiet quiet_read{10000};
    Hands hands{};
    std::shared_ptr<const Secret> trail = nullptr;  // of the store (dispatch/trail.h); null: it could not be had

    int64_t steady_ms() const { return clock.steady_us() / 1000; }
    uint64_t random();  // splitmix64: jitter needs no secrecy
    // The reader, made when there is none; null while the store cannot be read.
    Reader* read();
    // A read failed: says so at most every ten seconds and lets the next read() connect anew.
    void read_failed(const Fault& fault);
};

// Data: has `Result<void> write(Tx&, bool in_doubt)`, `size_t bytes() const` and `bool patient, overtakes` (Job's).
template <class Data>
class LoopJob final : public Job {
  public:
    using Back = std::function<void(Data&, const Result<void>&)>;

    LoopJob(std::shared_ptr<Mailbox> mailbox, std::shared_ptr<Data> data, Back back)
        : mailbox_(std::move(mailbox)), data_(std::move(data)), back_(std::move(back)) {}

    Result<void> write(Tx& tx) override { return data_->write(tx, in_doubt); }
    void done(const Result<void>& outcome) override {
        // Moved, not shared: what the data hold (events, endpoints) must be let go on the loop.
        mailbox_->post([data = std::move(data_), back = std::move(back_), outcome] { back(*data, outcome); });
    }
    size_t bytes() const override { return data_->bytes(); }
    bool patient() const override { return data_->patient; }
    bool overtakes() const override { return Data::overtakes; }

    // Hands the job to the writer; a writer that has stopped answers at once, through the mailbox like the others.
    static void submit(Context& context, std::shared_ptr<Data> data, Back back, bool in_doubt = false) {
        std::unique_ptr<Job> job = std::make_unique<LoopJob>(context.mailbox, std::move(data), std::move(back));
        job->in_doubt = in_doubt;
        if (!context.store.writer().submit(job)) job->done(Fault{Code::stopped, "the store's writer has stopped"});
    }

  private:
    std::shared_ptr<Mailbox> mailbox_;
    std::shared_ptr<Data> data_;
    Back back_;
};

}  // namespace trot
