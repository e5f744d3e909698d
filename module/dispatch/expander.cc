#include "dispatch/expander.h"

#include <algorithm>

namespace trot {
namespace {

constexpr size_t read_events = 500;
constexpr size_t job_deliveries = 1000;
constexpr int64_t lazy_ms = 1000;
constexpr int64_t pause_ms = 1000;  // after a failure

}  // namespace

Result<void> Expansion::write(Tx& tx, bool) {
    const Result<int64_t> cursor = tx.cursor();
    if (!cursor) return cursor.fault();
    const Result<int64_t> now = tx.generation();
    if (!now) return now.fault();
    overtaken = cursor.value() != from;
    outdated = now.value() != generation;
    if (overtaken || outdated) return {};
    size_t next = 0;
    for (size_t i = 0; i < deliveries.size(); ++i) {
        const Waits* lane = next < waits.size() && waits[next].at == i ? &waits[next++] : nullptr;
        Result<void> added = lane == nullptr ? tx.add_delivery(deliveries[i])
                                             : place(tx, *lane->rules, lane->lane, deliveries[i], now_ms);
        if (!added) return added;
    }
    return tx.set_cursor(to);
}

Expander::Expander(Context& context, EventCache& cache, const FanOut& fan_out, const TopicIndexPtr& topics, Seams seams)
    : context_(context),
      cache_(cache),
      fan_out_(fan_out),
      topics_(topics),
      seams_(std::move(seams)),
      matcher_(context.clock, context.counters),
      again_(context.base, -1, 0,
             [this] {
                 failing_ = false;
                 poll();
             }),
      lazy_(context.base, -1, 0, [this] {
          if (!running_ || flying_ || failing_ || !located_ || looked_ <= cursor_) return;
          auto moved = std::make_shared<Expansion>();
          moved->from = cursor_;
          moved->to = looked_;
          moved->generation = topics_->generation;
          submit(std::move(moved));
      }) {}

void Expander::start() {
    running_ = true;
    located_ = false;
    poll();
}

void Expander::stop() {
    running_ = false;
    failing_ = false;
    again_.disarm();
    lazy_.disarm();
    ahead_.clear();
    located_ = false;
}

bool Expander::locate(Reader& reader) {
    if (located_) return true;
    const Result<int64_t> cursor = reader.cursor();
    if (!cursor) {
        context_.read_failed(cursor.fault());
        return false;
    }
    const bool moved = cursor.value() != cursor_;
    cursor_ = looked_ = read_to_ = cursor.value();
    located_ = true;
    if (moved) seams_.surprise();
    return true;
}

bool Expander::read() {
    if (!ahead_.empty()) return true;
    Reader* reader = context_.read();
    if (reader == nullptr || !locate(*reader)) return false;
    Result<std::vector<Event>> events = reader->events_after(read_to_, read_events);
    if (!events) {
        context_.read_failed(events.fault());
        return false;
    }
    for (Event& event : events.value()) ahead_.push_back(std::move(event));
    if (!ahead_.empty()) read_to_ = ahead_.back().number;
    return true;
}

std::shared_ptr<Expansion> Expander::next() {
    auto out = std::make_shared<Expansion>();
    out->from = cursor_;
    out->generation = topics_->generation;
    const int64_t now = out->now_ms = context_.run.now_ms();
    while (!ahead_.empty()) {
        {
            const Hands::Note in_hand = context_.hands.event(ahead_.front().number);
            matcher_.find(*topics_, ahead_.front(), matches_);
        }
        if (!out->deliveries.empty() && out->deliveries.size() + matches_.size() > job_deliveries) break;
        out->to = ahead_.front().number;
        if (!matches_.empty()) {
            const EventRef data = cache_.add(std::move(ahead_.front()));
            for (const Listener* listener : matches_) {
                Delivery delivery;
                delivery.event = out->to;
                delivery.subscription = listener->subscription;
                delivery.format = listener->format;
                delivery.logged = listener->logged;
                delivery.shape = listener->shape;
                delivery.due_ms = now;
                if (listener->lanes)
                    out->waits.push_back({out->deliveries.size(), listener->lanes, lane_of(data->event())});
                out->deliveries.push_back(std::move(delivery));
                out->events.push_back(data);
            }
        }
        ahead_.pop_front();
    }
    return out;
}

void Expander::submit(std::shared_ptr<Expansion> expansion) {
    expansion->patient = patient_;
    flying_ = true;
    LoopJob<Expansion>::submit(context_, std::move(expansion),
                               [this](Expansion& done, const Result<void>& result) { came_back(done, result); });
}

// Nobody subscribes to anything: no event needs to be read to pass it.
void Expander::pass_all() {
    Reader* reader = context_.read();
    if (reader == nullptr || !locate(*reader)) return;
    const Result<int64_t> newest = reader->newest_event();
    if (!newest) return context_.read_failed(newest.fault());
    ahead_.clear();
    looked_ = read_to_ = std::max(read_to_, newest.value());
    if (looked_ > cursor_ && !lazy_.waits()) lazy_.arm_ms(lazy_ms);
}

void Expander::poll() {
    if (!running_ || failing_) return;
    if (topics_->empty()) return pass_all();  // also during a flight: it only moves what is still to be looked at
    asked_ = flying_;
    if (!flying_) look();
}

void Expander::look() {
    // A few rounds at a time: a long row of events that nobody asked for must not hold the loop.
    for (int round = 0; round < 4; ++round) {
        if (!read()) {
            failing_ = true;
            again_.arm_ms(pause_ms);
            return;
        }
        if (ahead_.empty()) return;
        std::shared_ptr<Expansion> expansion = next();
        if (!expansion->deliveries.empty()) return submit(std::move(expansion));
        looked_ = expansion->to;
        if (!lazy_.waits()) lazy_.arm_ms(lazy_ms);
    }
    again_.arm_ms(0);
}

// Events that nobody asked for may be asked for now: the cursor in the store has not passed them.
void Expander::renewed() {
    renew_ = flying_;
    if (!running_ || flying_) return;
    ahead_.clear();
    looked_ = read_to_ = cursor_;
}

// The store knows where the cursor is: read it anew and go on from there.
void Expander::forget() {
    ahead_.clear();
    located_ = false;
}

void Expander::fail(const Result<void>& result) {
    forget();
    failing_ = running_;
    if (result.fault().code != Code::stopped)
        context_.log.write(Level::error,
                           "dispatch: events could not be expanded and will be tried again: " + result.fault().text);
    if (running_) again_.arm_ms(pause_ms);
}

void Expander::passed(int64_t to) {
    cursor_ = to;
    looked_ = std::max(looked_, to);
    read_to_ = std::max(read_to_, to);
    while (!ahead_.empty() && ahead_.front().number <= to) ahead_.pop_front();
}

void Expander::came_back(Expansion& expansion, const Result<void>& result) {
    flying_ = false;
    if (!result) return fail(result);
    if (expansion.outdated) {
        forget();
        seams_.outdated();
        return poll();
    }
    if (expansion.overtaken) {
        // By a ride that has landed meanwhile, which may have taken a part; else by somebody of whom we know nothing.
        if (cursor_ == expansion.from) forget();
        ahead_.clear();
        read_to_ = looked_ = cursor_;
        return poll();
    }
    passed(expansion.to);
    if (renew_) renewed();
    context_.counters.expanded.fetch_add(expansion.deliveries.size(), std::memory_order_relaxed);
    for (size_t i = 0; i < expansion.deliveries.size(); ++i) seams_.made(expansion.deliveries[i], expansion.events[i]);
    // Events that came meanwhile may have found their own way: their ride lands next.
    if (asked_ || fan_out_.behind() || !ahead_.empty()) poll();
}

void Expander::landed(Ride& ride, const Result<void>& result) {
    if (!running_) return;
    if (!result) return fail(result);
    if (located_ && cursor_ == ride.from)
        passed(ride.to);
    else
        forget();
    for (Ride::Made& made : ride.made) {
        const EventRef data = cache_.add(std::move(made.event));
        for (const Delivery& delivery : made.deliveries) seams_.made(delivery, data);
        context_.counters.expanded.fetch_add(made.deliveries.size(), std::memory_order_relaxed);
    }
}

}  // namespace trot
