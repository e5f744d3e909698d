#include "capture/spill_keeper.h"

#include <algorithm>
#include <limits>
#include <new>

#include "crypto/ids.h"
#include "url/target.h"

namespace trot {
namespace {

constexpr size_t spill_batch = 1024;
constexpr size_t full_batch = 256;
constexpr size_t batch_bytes = 4U << 20;
constexpr unsigned max_refusals = 3;
constexpr int64_t retry_us = 250000;
constexpr int64_t reopen_us = 2000000;

std::string name_of(const Exchange& exchange) { return exchange.method + " " + std::string(path_of(exchange.target)); }

}  // namespace

Result<void> SpillKeeper::start() {
    batch_ = full_batch;
    open_file();
    if (file_ && file_->backlog() > 0) {
        // The process may have ended between the commit of a batch and the note of it in the file's head.
        const int64_t last = file_->head().last_event;
        doubt_since_ = last > 0 ? id_wall_ms(last) : 0;
        announced_ = true;
    }
    return thread_.start("trot-spill", [this] { run(); });
}

bool SpillKeeper::open_file() {
    if (file_) return true;
    if (now_us() < retry_open_us_) return false;
    retry_open_us_ = now_us() + reopen_us;
    const RecorderOptions& options = desk_->options();
    SpillOptions spill;
    spill.path = options.path;
    spill.reserve = options.spill_reserve;
    spill.max = options.spill_max;
    spill.clock = options.clock;
    spill.log = options.log;
    Result<std::unique_ptr<SpillFile>> opened = SpillFile::open(spill);
    if (!opened) {
        uint64_t more = 0;
        if (quiet_.pass(now_us(), more))
            desk_->note(Level::error, "no spill file: " + opened.fault().text + "; a sick store would cost events");
        return false;
    }
    file_ = std::move(opened).value();
    usable_ = file_->room();
    return true;
}

int64_t SpillKeeper::idle_ms() const {
    const bool backlog = file_ && file_->backlog() > 0;
    return backlog || flight_ ? 100 : 60000;
}

void SpillKeeper::run() {
    while (true) {
        const bool last_round = stopping_;
        try {
            if (last_round) desk_->take_from_writer();
            spill_waiting();
            if (!last_round) replay();
        } catch (const std::bad_alloc&) {
            retry_spill_us_ = now_us() + retry_us;  // memory is short: what waits stays where it is
        }
        if (last_round) break;
        const bool resting = now_us() < retry_spill_us_;
        desk_->wait_for_spill(resting ? retry_us / 1000 : idle_ms(), resting);
    }
    lose_the_rest();
}

void SpillKeeper::stop() {
    stopping_ = true;
    desk_->poke();
    thread_.join();
}

void SpillKeeper::spill_waiting() {
    if (now_us() < retry_spill_us_ && !stopping_) return;
    while (true) {
        const std::vector<TicketPtr> tickets = desk_->waiting_for_spill(spill_batch);
        if (tickets.empty()) return;
        if (spill(tickets)) continue;
        retry_spill_us_ = now_us() + retry_us;
        if (!stopping_) offer_to_store(tickets);
        return;
    }
}

bool SpillKeeper::spill(const std::vector<TicketPtr>& tickets) {
    if (stopping_) retry_open_us_ = 0;
    if (!open_file()) return false;
    size_t next = 0;
    while (next < tickets.size()) {
        std::vector<std::string> payloads;
        const size_t first = next;
        for (size_t bytes = 0; next < tickets.size() && bytes < batch_bytes; ++next) {
            payloads.push_back(encode_exchange(*tickets[next]->exchange, tickets[next]->doubt_since));
            bytes += payloads.back().size();
        }
        std::vector<Settled> settled(next - first);
        for (size_t i = first; i < next; ++i) {
            settled[i - first].ticket = tickets[i];
            settled[i - first].done.outcome = Recorded::spilled;
        }
        const Result<void> written = file_->append(payloads);
        usable_ = written.ok() && file_->room();
        if (!written) {
            uint64_t more = 0;
            if (quiet_.pass(now_us(), more))
                desk_->note(Level::alarm, "neither the store nor the spill file takes exchanges: " +
                                              written.fault().text + "; they wait in memory until one of them does");
            return false;
        }
        // From here to settle() nothing may fail: a ticket that stayed would be spilled twice.
        desk_->count(&Counters::spilled, next - first);
        desk_->settle(settled, Place::spill);
        if (!announced_) {
            desk_->note(Level::alarm, "the store does not take events; exchanges wait in the spill file until it does");
            announced_ = true;
        }
    }
    return true;
}

// The spill file refuses: a store that has healed meanwhile may take them.
void SpillKeeper::offer_to_store(const std::vector<TicketPtr>& tickets) {
    if (!desk_->store_is_healthy()) return;
    for (const TicketPtr& ticket : tickets) {
        std::unique_ptr<Job> job = std::make_unique<RecordJob>(desk_, ticket);
        if (!desk_->move(ticket, Place::spill, Place::writer)) continue;
        if (!desk_->options().store->writer().submit(job)) desk_->move(ticket, Place::writer, Place::spill);
    }
}

void SpillKeeper::lose(const TicketPtr& ticket) {
    desk_->count(&Counters::dropped);
    desk_->note(Level::alarm, "lost: " + name_of(*ticket->exchange) + " was answered " +
                                  std::to_string(ticket->exchange->status) +
                                  ", but neither the store nor the spill file could take it before the stop");
}

void SpillKeeper::lose_the_rest() {
    while (true) {
        std::vector<TicketPtr> tickets;
        try {
            tickets = desk_->waiting_for_spill(1);
            if (tickets.empty()) return;
            lose(tickets.front());
        } catch (const std::bad_alloc&) {
            if (tickets.empty()) continue;  // the counter says what there is no memory to say
        }
        Settled lost{tickets.front(), {}};
        lost.done.outcome = Recorded::lost;
        desk_->settle({&lost, 1}, Place::spill);
    }
}

// ---- the way back

void SpillKeeper::replay() {
    if (flight_ && flight_->state != Flight::State::flying) land();
    if (flight_ || !file_ || file_->backlog() == 0 || now_us() < retry_replay_us_) return;
    if (!desk_->store_is_healthy()) return;
    const uint64_t from = file_->position();
    try {
        take_off();
    } catch (const std::bad_alloc&) {
        flight_.reset();
        file_->seek(from);  // what was read and did not leave must be read again
        throw;
    }
}

void SpillKeeper::take_off() {
    const PlanPtr plan = desk_->options().plan ? desk_->options().plan() : nullptr;
    if (!plan) return;
    auto flight = std::make_shared<Flight>();
    flight->from = file_->position();
    const uint64_t damaged = file_->damaged();
    Result<std::vector<SpilledExchange>> records = file_->read(batch_, batch_bytes);
    desk_->count(&Counters::damaged, file_->damaged() - damaged);
    flight->to = file_->position();
    if (!records || records.value().empty()) {  // nothing but damage was left
        if (!file_->consume(flight->to, desk_->last_event())) retry_replay_us_ = now_us() + retry_us;
        return;
    }
    flight->records = std::move(records).value();
    for (SpilledExchange& record : flight->records) {
        record.exchange.plan = plan;
        if (doubt_since_ < 0) continue;
        const int64_t since = doubt_since_ > 0 ? doubt_since_ : record.exchange.at_ms;
        record.doubt_since = record.doubt_since < 0 ? since : std::min(since, record.doubt_since);
    }
    std::unique_ptr<Job> job = std::make_unique<ReplayJob>(desk_, flight);
    flight_ = flight;
    if (desk_->options().store->writer().submit(job)) return;
    flight_.reset();
    file_->seek(flight->from);
    retry_replay_us_ = std::numeric_limits<int64_t>::max();  // the store stops: the next process goes on
}

void SpillKeeper::land() {
    const std::shared_ptr<Flight> flight = flight_;
    if (flight->state == Flight::State::landed) {
        // Until this note is durable the next batch does not leave: at most one batch can ever be in doubt.
        const Result<void> noted = file_->consume(flight->to, desk_->last_event());
        if (!noted) {
            retry_replay_us_ = now_us() + retry_us;
            uint64_t more = 0;
            if (quiet_.pass(now_us(), more))
                desk_->note(Level::error, "cannot note what was taken back: " + noted.fault().text);
            return;
        }
        flight_.reset();
        doubt_since_ = -1;
        refusals_ = 0;
        batch_ = std::min(full_batch, batch_ * 2);
        usable_ = file_->room();
        if (file_->backlog() == 0 && announced_) {
            desk_->note(Level::notice, "all spilled exchanges are taken back");
            announced_ = false;
        }
        return;
    }
    if (flight->doubt && doubt_since_ < 0) doubt_since_ = desk_->last_event() > 0 ? id_wall_ms(desk_->last_event()) : 0;
    const bool refused = flight->state != Flight::State::sick;
    if (refused && flight->records.size() > 1) {
        batch_ = 1;  // find the one that is refused
    } else if (refused && ++refusals_ >= max_refusals) {
        give_up_record();
        return;
    } else {
        retry_replay_us_ = now_us() + retry_us;
    }
    file_->seek(flight->from);
    flight_.reset();
}

void SpillKeeper::give_up_record() {
    const SpilledExchange& record = flight_->records.front();
    file_->reject(encode_exchange(record.exchange, record.doubt_since));
    desk_->count(&Counters::damaged);
    desk_->note(Level::alarm, "the healthy store refuses the spilled " + name_of(record.exchange) + ": " +
                                  flight_->fault + "; it is set aside in spill.rejected");
    if (!file_->consume(flight_->to, desk_->last_event())) file_->seek(flight_->from);
    refusals_ = 0;
    flight_.reset();
}

}  // namespace trot
