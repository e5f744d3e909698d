#include "dispatch/dispatcher.h"

#include <event2/event.h>

#include <atomic>
#include <cstring>
#include <mutex>

#include "base/thread.h"
#include "crypto/hmac.h"
#include "dispatch/lead.h"
#include "dispatch/mailbox.h"
#include "dispatch/waker.h"
#include "egress/rules.h"

namespace trot {
namespace {

constexpr int64_t status_ms = 500;

struct FreeBase {
    void operator()(event_base* base) const { event_base_free(base); }
};
using Base = std::unique_ptr<event_base, FreeBase>;

// Only the dispatcher's thread touches its loop, so it needs no locks; the changelist saves libcurl's many epoll_ctl
// calls.
Base make_base() {
    event_config* config = event_config_new();
    if (config == nullptr) return nullptr;
    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST | EVENT_BASE_FLAG_NOLOCK);
    Base base(event_base_new_with_config(config));
    event_config_free(config);
    return base;
}

Result<std::unique_ptr<Transport>> curl_transport(event_base* base, const Plan& plan) {
    Result<Guard> guard = guard_of(plan);
    if (!guard) return guard.fault();
    CurlOptions options;
    options.base = base;
    options.guard = std::make_shared<const Guard>(std::move(guard).value());
    options.ca_file = plan.egress.ca_file;
    options.max_connections = kept_connections(plan);
    options.response_bytes = plan.egress.response_bytes;
    return make_curl_transport(options);
}

uint64_t random_seed() {
    const std::string bytes = random_bytes(sizeof(uint64_t));
    uint64_t seed = 1;
    if (bytes.size() == sizeof seed) memcpy(&seed, bytes.data(), sizeof seed);
    return seed;
}

class LiveDispatcher final : public Dispatcher {
  public:
    LiveDispatcher(const DispatchOptions& options, Base base, std::shared_ptr<Mailbox> mailbox)
        : base_(std::move(base)),
          waker_(options.store->path()),
          context_{*options.store,
                   *options.clock,
                   options.log != nullptr ? *options.log : own_log_,
                   options.counters != nullptr ? *options.counters : own_counters_,
                   std::move(mailbox),
                   base_.get(),
                   RunClock(*options.clock),
                   nullptr,
                   random_seed()},
          mail_(base_.get(), context_.mailbox->fd(), static_cast<short>(EV_READ | EV_PERSIST), [this] { read_mail(); }),
          status_timer_(base_.get(), -1, 0, [this] { write_status(); }),
          fan_out_(std::make_shared<FanOut>(*options.clock, context_.counters, context_.mailbox)),
          lead_(std::make_unique<Lead>(context_, options.plan,
                                       options.transport ? options.transport : Lead::MakeTransport(curl_transport),
                                       fan_out_)) {}

    ~LiveDispatcher() override {
        stop(0);
        lead_.reset();
    }

    Result<void> run() {
        context_.store.writer().ride(fan_out_);
        return thread_.start("trot-dispatch", [this] {
            // Deliveries are recorded and can wait a moment; the host's loop cannot. On a machine that is full the
            // site's traffic is a fifth faster so (measured); where there is room it changes nothing.
            Thread::give_way();
            mail_.arm();
            write_status();
            lead_->begin();
            event_base_loop(base_.get(), EVLOOP_NO_EXIT_ON_EMPTY);
            context_.mailbox->close();
        });
    }

    void wake() override {
        switch (fan_out_->news()) {
            case News::here:
                return context_.mailbox->ring();
            case News::elsewhere:
                return waker_.wake();
            case News::nowhere:
                return;
        }
    }

    // Nothing depends on it: the leader looks before it expands an event, and twice a second.
    void subscriptions_changed() override {
        context_.mailbox->ring();
        waker_.wake();
    }

    void swap(PlanPtr plan) override {
        context_.mailbox->post([this, plan = std::move(plan)] { lead_->swap(plan); });
    }

    void quiesce() override {
        context_.mailbox->post([this] { lead_->quiesce(); });
    }

    void stop(int64_t drain_ms) override {
        if (stopped_.exchange(true)) return;
        context_.store.writer().ride(nullptr);
        context_.mailbox->post(
            [this, drain_ms] { lead_->stop(drain_ms, [this] { event_base_loopbreak(base_.get()); }); });
        thread_.join();
    }

    std::string status_json() override {
        const std::lock_guard<std::mutex> hold(status_lock_);
        return status_;
    }

  private:
    void read_mail() {
        if (context_.mailbox->run()) lead_->poll();
    }

    void write_status() {
        status_timer_.arm_ms(status_ms);
        std::string text = lead_->status();
        const std::lock_guard<std::mutex> hold(status_lock_);
        status_.swap(text);
    }

    Log own_log_;
    Counters own_counters_;
    Base base_;
    const Waker waker_;
    Context context_;
    LoopEvent mail_;
    LoopEvent status_timer_;
    const std::shared_ptr<FanOut> fan_out_;
    std::unique_ptr<Lead> lead_;
    std::atomic<bool> stopped_{false};
    std::mutex status_lock_;
    std::string status_ = "{}";
    Thread thread_;
};

}  // namespace

Result<std::unique_ptr<Dispatcher>> start_dispatcher(const DispatchOptions& options) {
    if (options.store == nullptr || !options.plan) return Fault{Code::usage, "a dispatcher needs a store and a plan"};
    Base base = make_base();
    if (!base) return Fault{Code::no_memory, "dispatch: cannot make an event loop"};
    Result<std::shared_ptr<Mailbox>> mailbox = Mailbox::make();
    if (!mailbox) return mailbox.fault();
    auto made = std::make_unique<LiveDispatcher>(options, std::move(base), std::move(mailbox).value());
    if (Result<void> running = made->run(); !running) return running.fault();
    return std::unique_ptr<Dispatcher>(std::move(made));
}

}  // namespace trot
