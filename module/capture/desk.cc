#include "capture/desk.h"

#include <chrono>

namespace trot {

void Desk::note(Level level, std::string line) const {
    if (options_.log != nullptr) options_.log->write(level, "capture: " + std::move(line));
}

void Desk::count(Counters::N Counters::*which, uint64_t by) const {
    if (options_.counters != nullptr) (options_.counters->*which).fetch_add(by, std::memory_order_relaxed);
}

Result<TicketPtr> Desk::admit(ExchangePtr exchange, void* user, Place place) {
    const size_t bytes = exchange->bytes();
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes > options_.queue_bytes) {
        used_.fetch_sub(bytes, std::memory_order_relaxed);
        return Fault{Code::full, "the captures that wait use up queue_bytes"};
    }
    try {
        auto ticket = std::allocate_shared<Ticket>(Recycled<Ticket>());
        ticket->exchange = std::move(exchange);
        ticket->user = user;
        ticket->bytes = bytes;
        const std::lock_guard<std::mutex> hold(lock_);
        if (refusing_) {
            used_.fetch_sub(bytes, std::memory_order_relaxed);
            return Fault{Code::stopped, "the recorder has stopped"};
        }
        Tickets& room = room_of(place);
        ticket->seat = room.insert(room.end(), ticket);
        ticket->place = place;
        ++open_;
        count(&Counters::captured);
        count(&Counters::queue_bytes, bytes);
        count(&Counters::queue_count);
        if (place == Place::spill) changed_.notify_one();
        return ticket;
    } catch (const std::bad_alloc&) {
        used_.fetch_sub(bytes, std::memory_order_relaxed);
        return Fault{Code::no_memory, {}};
    }
}

bool Desk::move(const TicketPtr& ticket, Place from, Place to) {
    const std::lock_guard<std::mutex> hold(lock_);
    if (ticket->place != from) return false;
    room_of(to).splice(room_of(to).end(), room_of(from), ticket->seat);
    ticket->place = to;
    if (to == Place::spill) changed_.notify_one();
    return true;
}

void Desk::settle(std::span<Settled> all, Place from) {
    Tickets gone;  // dies outside of the lock
    uint64_t bytes = 0;
    {
        const std::lock_guard<std::mutex> hold(lock_);
        for (Settled& one : all) {
            if (one.ticket->place != from) {
                one.ticket.reset();
                continue;
            }
            one.ticket->place = Place::gone;
            bytes += one.ticket->bytes;
            gone.splice(gone.end(), room_of(from), one.ticket->seat);
        }
    }
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    count(&Counters::queue_bytes, uint64_t{0} - bytes);  // gauges go down: unsigned wraps
    count(&Counters::queue_count, uint64_t{0} - gone.size());
    for (Settled& one : all) {
        if (!one.ticket || one.ticket->user == nullptr || !options_.done) continue;
        one.done.user = one.ticket->user;
        options_.done(std::move(one.done));
    }
    if (options_.told) options_.told();
    const std::lock_guard<std::mutex> hold(lock_);
    open_ -= gone.size();
    if (open_ == 0) empty_.notify_all();
}

std::vector<TicketPtr> Desk::waiting_for_spill(size_t most) {
    std::vector<TicketPtr> out;
    const std::lock_guard<std::mutex> hold(lock_);
    out.reserve(std::min(most, at_spill_.size()));
    for (const TicketPtr& ticket : at_spill_) {
        if (out.size() == most) break;
        out.push_back(ticket);
    }
    return out;
}

void Desk::wait_for_spill(int64_t ms, bool even_if_waiting) {
    std::unique_lock<std::mutex> hold(lock_);
    changed_.wait_for(hold, std::chrono::milliseconds(ms),
                      [&] { return poked_ || (!even_if_waiting && !at_spill_.empty()); });
    poked_ = false;
}

void Desk::poke() {
    const std::lock_guard<std::mutex> hold(lock_);
    poked_ = true;
    changed_.notify_one();
}

void Desk::refuse_more() {
    const std::lock_guard<std::mutex> hold(lock_);
    refusing_ = true;
}

bool Desk::wait_until_empty(int64_t ms) {
    std::unique_lock<std::mutex> hold(lock_);
    return empty_.wait_for(hold, std::chrono::milliseconds(ms), [&] { return open_ == 0; });
}

void Desk::take_from_writer() {
    const std::lock_guard<std::mutex> hold(lock_);
    for (const TicketPtr& ticket : at_writer_) {
        ticket->place = Place::spill;
        ticket->doubt_since = ticket->exchange->at_ms;  // the writer may be committing it this moment
    }
    at_spill_.splice(at_spill_.end(), at_writer_);
    changed_.notify_one();
}

void Desk::silence() {
    const std::lock_guard<std::mutex> hold(wake_lock_);
    silent_ = true;
}

void Desk::wake_dispatcher() {
    const std::lock_guard<std::mutex> hold(wake_lock_);
    if (!silent_ && options_.events_recorded) options_.events_recorded();
}

void Desk::learn_event(int64_t number) {
    int64_t known = last_event_.load(std::memory_order_relaxed);
    while (known < number && !last_event_.compare_exchange_weak(known, number, std::memory_order_relaxed)) {
    }
}

}  // namespace trot
