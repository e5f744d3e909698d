#include "engine/works.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/own_files.h"

namespace trot {

Works::~Works() { stop(0); }

ReportFacts Works::facts() const {
    const PlanPtr now = common_.plan();
    ReportFacts facts;
    facts.host = common_.options.host;
    facts.plan = now->source;
    facts.generation = now->generation;
    facts.started_ms = common_.started_ms;
    facts.now_ms = common_.clock->wall_ms();
    facts.store_open = store_ != nullptr;
    facts.healthy = recorder_ && recorder_->healthy();
    if (dispatcher_) facts.dispatcher = dispatcher_->status_json();
    return facts;
}

std::string Works::metrics() const {
    return report_metrics(facts(), common_.counters, gauges_ ? gauges_->last() : std::optional<StoreGauges>());
}

std::string Works::sickness() const {
    if (!store_) return "the store could not be opened; see the log";
    if (!recorder_->healthy()) return "the store is sick: commits fail; see the log";
    return {};
}

void Works::hand_back(const RecordDone& done) {
    Completion completion;
    completion.user = done.user;
    completion.spilled = done.outcome == Recorded::spilled;
    completion.code = done.outcome == Recorded::lost ? Code::store : Code::ok;
    if (common_.waiters.finish(done.user, completion.code)) {
        common_.completions.release();
        return;
    }
    completion.tell(done.events, done.topics);
    common_.completions.put(std::move(completion));
}

void Works::each_second() {
    try {
        if (own_files_) follow_standard_streams(common_.completions.fd());
        // A store directory that cannot take a file of a kilobyte shows in the store's own faults: no second alarm
        // here.
        if (store_) (void)write_status_file(store_->path(), report_json(facts(), common_.counters));
        if (gauges_) gauges_->look_if_asked();
    } catch (const std::bad_alloc&) {
        return;  // there is another second
    }
}

void Works::open_store() {
    const PlanPtr now = common_.plan();
    StoreOptions options;
    options.path = now->store.path;
    options.sync = now->store.sync;
    options.linger_us = now->store.linger_ms * 1000;
    options.log = &common_.log;
    options.counters = &common_.counters;
    Result<std::unique_ptr<Store>> opened = trot::open_store(options);
    if (opened) {
        store_ = std::move(opened.value());
    } else {
        common_.log.write(
            Level::alarm,
            fmt::format("store: {}; the proxy runs, changes go to the spill file beside it as on_fault says",
                        opened.fault().text));
    }
}

RecorderOptions Works::recording() {
    const PlanPtr now = common_.plan();
    RecorderOptions options;
    options.store = store_.get();
    options.path = now->store.path;
    options.queue_bytes = now->store.queue_bytes;
    options.spill_reserve = now->store.spill_reserve;
    options.spill_max = now->store.spill_max;
    options.log = &common_.log;
    options.counters = &common_.counters;
    options.plan = [this] { return common_.plan(); };
    options.done = [this](const RecordDone& done) { hand_back(done); };
    options.told = [this] { common_.completions.flush(); };
    options.events_recorded = [this] {
        if (dispatcher_) dispatcher_->wake();
    };
    return options;
}

Result<void> Works::start_dispatcher() {
    if (!common_.options.dispatch || !store_) return {};
    DispatchOptions options;
    options.store = store_.get();
    options.plan = common_.plan();
    options.log = &common_.log;
    options.counters = &common_.counters;
    Result<std::unique_ptr<Dispatcher>> started = trot::start_dispatcher(options);
    if (!started) return started.fault();
    dispatcher_ = std::move(started.value());
    return {};
}

void Works::start_front() {
    AdminSources sources;
    sources.status = [this] { return report_json(facts(), common_.counters); };
    if (store_) gauges_ = std::make_unique<Gauges>(*store_, *common_.clock);
    sources.metrics = [this] {
        if (gauges_) gauges_->look();
        return metrics();
    };
    sources.sickness = [this] { return sickness(); };
    sources.store_path = common_.plan()->store.path;
    sources.log = &common_.log;
    front_ = std::make_unique<Front>(sources, store_.get(), [this] {
        if (dispatcher_) dispatcher_->subscriptions_changed();
    });
}

Result<void> Works::start() {
    open_store();
    // The dispatcher is made before the recorder: the recorder's thread reads the pointer as soon as it runs.
    if (Result<void> started = start_dispatcher(); !started) return started;
    Result<std::unique_ptr<Recorder>> recorder = make_recorder(recording());
    if (!recorder) return recorder.fault();
    recorder_ = std::move(recorder.value());
    start_front();
    return errands_.start([this] { each_second(); });
}

void Works::swap(PlanPtr plan) {
    if (dispatcher_) dispatcher_->swap(std::move(plan));
}

void Works::quiesce() {
    if (dispatcher_) dispatcher_->quiesce();
}

bool Works::add_errand(std::function<void()> errand) { return errands_.add(std::move(errand)); }

Reply Works::answer(const ManageRequest& request) { return front_->answer(request, *common_.plan()); }

void Works::stop(int64_t drain_ms) {
    if (std::exchange(stopped_, true)) return;
    const int64_t until_us = common_.clock->steady_us() + drain_ms * 1000;
    const auto left = [&] { return std::max<int64_t>(0, (until_us - common_.clock->steady_us()) / 1000); };
    // What clients wait for first, then attempts in flight, then the outcomes that both left with the writer.
    if (recorder_) recorder_->stop(left());
    if (dispatcher_) dispatcher_->stop(left());
    // A management request may wait for the writer: it is told before its thread is joined.
    if (store_) store_->writer().stop(std::max<int64_t>(left(), 200));
    errands_.stop();
    if (store_) remove_status_file(store_->path());
}

void Works::close() {
    front_.reset();  // these two read the store
    gauges_.reset();
    dispatcher_.reset();
    if (store_) store_->close();
}

}  // namespace trot
