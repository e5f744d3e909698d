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
    if (cursor.value() != from)
        return Fault{Code::usage,
                     "the cursor has moved from " + std::to_string(from) + " to " + std::to_string(cursor.value())};
    for (Delivery& delivery : deliveries)
        if (Result<void> added = tx.add_delivery(delivery); !added) return added;
    return tx.set_cursor(to);
}

Expander::Expander(Context& context, EventCache& cache, const TopicIndex& topics, Seams seams)
    : context_(context),
      cache_(cache),
      topics_(topics),
      seams_(std::move(seams)),
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
    const int64_t now = context_.run.now_ms();
    while (!ahead_.empty()) {
        topics_.find(ahead_.front().topic, matches_);
        if (!out->deliveries.empty() && out->deliveries.size() + matches_.size() > job_deliveries) break;
        out->to = ahead_.front().number;
        if (!matches_.empty()) {
            const EventRef data = cache_.add(std::move(ahead_.front()));
            for (const Endpoint* endpoint : matches_) {
                Delivery delivery;
                delivery.event = out->to;
                delivery.subscription = endpoint->number;
                delivery.format = endpoint->settings->format;
                delivery.due_ms = now;
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
    if (topics_.empty()) return pass_all();  // also during a flight: it only moves what is still to be looked at
    if (flying_) return;
    look();
    if (!flying_) context_.store.writer().expect(false);
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

void Expander::came_back(Expansion& expansion, const Result<void>& result) {
    flying_ = false;
    if (!result) {
        // Whatever happened, the store knows: read its cursor anew and go on from there.
        ahead_.clear();
        located_ = false;
        failing_ = running_;
        if (result.fault().code != Code::stopped)
            context_.log.write(
                Level::error, "dispatch: events could not be expanded and will be tried again: " + result.fault().text);
        if (running_) again_.arm_ms(pause_ms);
        return;
    }
    cursor_ = expansion.to;
    context_.counters.expanded.fetch_add(expansion.deliveries.size(), std::memory_order_relaxed);
    if (!expansion.deliveries.empty()) seams_.made(expansion);
    poll();
}

}  // namespace trot
