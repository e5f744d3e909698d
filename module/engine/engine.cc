#include "engine/engine.h"

#include <fmt/format.h>

#include <atomic>
#include <mutex>

#include "crypto/hmac.h"
#include "dispatch/dispatcher.h"
#include "engine/errands.h"
#include "engine/report.h"
#include "engine/waiters.h"
#include "store/store.h"

namespace trot {

struct Engine::Impl {
    EngineOptions options;
    Clock* clock = &system_clock();
    int64_t started_ms = system_clock().wall_ms();
    Log log;
    Counters counters;
    Completions completions;
    Waiters waiters;
    mutable std::mutex plan_lock;
    PlanPtr plan;
    // Torn down from the last to the first: whoever uses a part goes before it.
    std::unique_ptr<Store> store;
    std::unique_ptr<Recorder> recorder;
    std::unique_ptr<Dispatcher> dispatcher;
    std::unique_ptr<Admin> admin;
    Errands errands;
    std::atomic<bool> stopping{false}, stopped{false};
    const std::string capture_prefix = random_bytes(8);
    std::atomic<uint64_t> captures{0};

    PlanPtr current() const {
        const std::lock_guard<std::mutex> hold(plan_lock);
        return plan;
    }
    ReportFacts facts() const;
    std::string sickness() const;
    void open_parts();
    void hand_back(const RecordDone& done);
    void write_status();
};

ReportFacts Engine::Impl::facts() const {
    const PlanPtr now = current();
    ReportFacts facts;
    facts.host = options.host;
    facts.plan = now->source;
    facts.generation = now->generation;
    facts.started_ms = started_ms;
    facts.now_ms = clock->wall_ms();
    facts.store_open = store != nullptr;
    facts.healthy = recorder && recorder->healthy();
    if (dispatcher) facts.dispatcher = dispatcher->status_json();
    return facts;
}

std::string Engine::Impl::sickness() const {
    if (!store) return "the store could not be opened; see the log";
    if (!recorder->healthy()) return "the store is sick: commits fail; see the log";
    return {};
}

void Engine::Impl::hand_back(const RecordDone& done) {
    Completion completion;
    completion.user = done.user;
    completion.spilled = done.outcome == Recorded::spilled;
    completion.code = done.outcome == Recorded::lost ? Code::store : Code::ok;
    if (waiters.finish(done.user, completion.code)) {
        completions.release();
        return;
    }
    completion.tell(done.events, done.topics);
    completions.put(std::move(completion));
}

void Engine::Impl::write_status() {
    if (!store) return;
    // A store directory that cannot take a file of a kilobyte shows in the store's own faults: no second alarm here.
    (void)write_status_file(store->path(), report_json(facts(), counters));
}

void Engine::Impl::open_parts() {
    const PlanPtr now = current();
    StoreOptions store_options;
    store_options.path = now->store.path;
    store_options.sync = now->store.sync;
    store_options.linger_us = now->store.linger_ms * 1000;
    store_options.log = &log;
    store_options.counters = &counters;
    Result<std::unique_ptr<Store>> opened = open_store(store_options);
    if (opened) {
        store = std::move(opened.value());
    } else {
        log.write(Level::alarm,
                  fmt::format("store: {}; the proxy runs, changes go to the spill file beside it as on_fault says",
                              opened.fault().text));
    }
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Engine>> Engine::start(PlanPtr plan, const EngineOptions& options) {
    auto impl = std::make_unique<Impl>();
    Impl* self = impl.get();
    self->options = options;
    self->plan = std::move(plan);
    if (!self->completions.usable()) return Fault{Code::no_memory, "cannot make an eventfd: too many open files?"};
    self->log.on_first([](void* completions) { static_cast<Completions*>(completions)->announce(); },
                       &self->completions);
    self->open_parts();

    RecorderOptions recording;
    recording.store = self->store.get();
    recording.path = self->plan->store.path;
    recording.queue_bytes = self->plan->store.queue_bytes;
    recording.spill_reserve = self->plan->store.spill_reserve;
    recording.spill_max = self->plan->store.spill_max;
    recording.log = &self->log;
    recording.counters = &self->counters;
    recording.plan = [self] { return self->current(); };
    recording.done = [self](const RecordDone& done) { self->hand_back(done); };
    recording.told = [self] { self->completions.flush(); };
    recording.events_recorded = [self] {
        if (self->dispatcher) self->dispatcher->wake();
    };
    // The dispatcher is made before the recorder: the recorder's thread reads the pointer as soon as it runs.
    if (options.dispatch && self->store) {
        DispatchOptions dispatching;
        dispatching.store = self->store.get();
        dispatching.plan = self->plan;
        dispatching.log = &self->log;
        dispatching.counters = &self->counters;
        Result<std::unique_ptr<Dispatcher>> dispatcher = start_dispatcher(dispatching);
        if (!dispatcher) return dispatcher.fault();
        self->dispatcher = std::move(dispatcher.value());
    }
    Result<std::unique_ptr<Recorder>> recorder = make_recorder(recording);
    if (!recorder) return recorder.fault();
    self->recorder = std::move(recorder.value());

    AdminSources sources;
    sources.status = [self] { return report_json(self->facts(), self->counters); };
    sources.metrics = [self] { return report_metrics(self->facts(), self->counters); };
    sources.sickness = [self] { return self->sickness(); };
    sources.store_path = self->plan->store.path;
    self->admin = std::make_unique<Admin>(std::move(sources));
    Result<void> errands = self->errands.start([self] { self->write_status(); });
    if (!errands) return errands.fault();
    return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

Engine::~Engine() { stop(0); }

PlanPtr Engine::plan() const { return impl_->current(); }

void Engine::swap(PlanPtr plan) {
    const PlanPtr before = impl_->current();
    if (plan->store.path != before->store.path || plan->store.sync != before->store.sync ||
        plan->store.linger_ms != before->store.linger_ms)
        impl_->log.write(Level::warning,
                         fmt::format("{}: [store] url, sync and linger change only with a restart; {} stays in use",
                                     plan->source, before->store.path));
    {
        const std::lock_guard<std::mutex> hold(impl_->plan_lock);
        impl_->plan = plan;
    }
    impl_->recorder->forget_plan();
    if (impl_->dispatcher) impl_->dispatcher->swap(std::move(plan));
}

void Engine::name_capture(std::string& into) {
    const uint64_t number = impl_->captures.fetch_add(1, std::memory_order_relaxed);
    into = impl_->capture_prefix;
    into.append(reinterpret_cast<const char*>(&number), sizeof number);
}

ExchangePtr Engine::blank() { return impl_->recorder->blank(); }

bool Engine::ready() const { return impl_->recorder->ready(); }

Result<void> Engine::commit(ExchangePtr exchange, void* user) {
    if (impl_->stopping.load(std::memory_order_acquire)) return Fault{Code::stopped, "the engine stops"};
    if (user == nullptr) return impl_->recorder->submit(std::move(exchange), nullptr);
    impl_->completions.reserve();
    Result<void> taken = impl_->recorder->submit(std::move(exchange), user);
    if (!taken) impl_->completions.release();
    return taken;
}

Result<void> Engine::commit_wait(ExchangePtr exchange, int64_t ms) {
    void* token = impl_->waiters.enter();
    Result<void> taken = commit(std::move(exchange), token);
    if (!taken) {
        impl_->waiters.leave(token);
        return taken;
    }
    const Code code = impl_->waiters.wait(token, ms);
    if (code == Code::ok) return {};
    return Fault{code, code == Code::late ? "the commit takes longer than the caller waits; it goes on"
                                          : "the change was not recorded"};
}

Result<void> Engine::manage(AdminRequest request, void* user) {
    Impl* self = impl_.get();
    self->completions.reserve();
    const bool taken = self->errands.add([self, request = std::move(request), user] {
        AdminReply reply = self->admin->answer(request, self->current()->admin.token);
        Completion completion;
        completion.user = user;
        completion.answer = std::make_unique<Answer>();
        completion.answer->status = reply.status;
        completion.answer->body = std::move(reply.body);
        for (Field& field : reply.fields)
            completion.answer->fields.emplace_back(std::move(field.name), std::move(field.value));
        self->completions.put(std::move(completion));
        self->completions.flush();
    });
    if (!taken) {
        self->completions.release();
        return Fault{Code::stopped, "the engine stops"};
    }
    return {};
}

Log& Engine::log() { return impl_->log; }
Counters& Engine::counters() { return impl_->counters; }
Completions& Engine::completions() { return impl_->completions; }

void Engine::quiesce() {
    if (impl_->dispatcher) impl_->dispatcher->quiesce();
}

void Engine::stop(int64_t drain_ms) {
    if (impl_->stopping.exchange(true)) return;
    const int64_t until_us = impl_->clock->steady_us() + drain_ms * 1000;
    const auto left = [&] { return std::max<int64_t>(0, (until_us - impl_->clock->steady_us()) / 1000); };
    // What clients wait for first, then attempts in flight, then the outcomes that both left with the writer.
    impl_->recorder->stop(left());
    if (impl_->dispatcher) impl_->dispatcher->stop(left());
    if (impl_->store) impl_->store->writer().stop(std::max<int64_t>(left(), 200));
    impl_->errands.stop();
    if (impl_->store) remove_status_file(impl_->store->path());
    impl_->stopped.store(true, std::memory_order_release);
}

bool Engine::stopped() const { return impl_->stopping.load(std::memory_order_acquire); }
std::string Engine::status_json() { return report_json(impl_->facts(), impl_->counters); }
std::string Engine::metrics() { return report_metrics(impl_->facts(), impl_->counters); }

}  // namespace trot
