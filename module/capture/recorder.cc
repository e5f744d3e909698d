#include "capture/recorder.h"

#include <algorithm>
#include <new>

#include "capture/desk.h"
#include "capture/job.h"
#include "capture/spill_keeper.h"

namespace trot {
namespace {

constexpr int64_t callback_ms = 10000;  // the writer may be in a callback when all is settled: those do not block

class DeskRecorder final : public Recorder {
  public:
    explicit DeskRecorder(const RecorderOptions& options) : desk_(std::make_shared<Desk>(options)), keeper_(desk_) {}
    ~DeskRecorder() override { stop(0); }

    Result<void> start() { return keeper_.start(); }

    bool ready() const override {
        return !stopped_.load(std::memory_order_relaxed) && desk_->has_budget() && (healthy() || keeper_.ready());
    }

    bool healthy() const override { return desk_->store_is_healthy(); }

    ExchangePtr blank() override { return desk_->stock.take(); }

    void forget_plan() override { desk_->stock.empty(); }

    Result<void> submit(ExchangePtr exchange, void* user) override {
        if (stopped_.load(std::memory_order_relaxed)) return Fault{Code::stopped, "the recorder has stopped"};
        const bool to_store = desk_->options().store != nullptr && (healthy() || !keeper_.ready());
        try {
            Result<TicketPtr> ticket = desk_->admit(std::move(exchange), user, to_store ? Place::writer : Place::spill);
            if (!ticket) return ticket.fault();
            if (to_store) hand_to_store(ticket.value());
            return {};
        } catch (const std::bad_alloc&) {
            return Fault{Code::no_memory, {}};
        }
    }

    void stop(int64_t drain_ms) override {
        if (stopped_.exchange(true)) return;
        desk_->refuse_more();
        // A quarter of the time, but no more than half a second, is left for the spill file.
        desk_->wait_until_empty(drain_ms - std::min<int64_t>(drain_ms / 4, 500));
        keeper_.stop();
        desk_->wait_until_empty(callback_ms);
        desk_->silence();
    }

  private:
    void hand_to_store(const TicketPtr& ticket) {
        try {
            std::unique_ptr<Job> job = std::make_unique<RecordJob>(desk_, ticket);
            if (desk_->options().store->writer().submit(job)) return;
        } catch (const std::bad_alloc&) {
            // It is admitted: the spill thread has it next.
        }
        desk_->move(ticket, Place::writer, Place::spill);
    }

    std::shared_ptr<Desk> desk_;
    SpillKeeper keeper_;
    std::atomic<bool> stopped_{false};
};

}  // namespace

Result<std::unique_ptr<Recorder>> make_recorder(const RecorderOptions& options) {
    try {
        auto recorder = std::make_unique<DeskRecorder>(options);
        if (Result<void> started = recorder->start(); !started) return started.fault();
        return std::unique_ptr<Recorder>(std::move(recorder));
    } catch (const std::bad_alloc&) {
        return Fault{Code::no_memory, "no memory for the recorder"};
    }
}

}  // namespace trot
