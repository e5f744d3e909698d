#include "capture/job.h"

#include <exception>
#include <new>
#include <utility>

#include "url/target.h"

namespace trot {
namespace {

// write() must not throw, and an exchange that breaks an evaluation must not take others with it.
template <class Work>
Result<void> guarded(Work work) {
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return Fault{Code::no_memory, {}};
    } catch (const std::exception& error) {
        return Fault{Code::internal, error.what()};
    }
}

}  // namespace

Result<void> Judged::evaluate(Desk& desk, const Exchange& exchange, Tx& tx) {
    if (evaluated) return {};
    TxMemory memory(tx);
    events = desk.evaluator.evaluate(exchange, memory, nullptr);
    if (desk.evaluator.fault()) return *desk.evaluator.fault();
    memos = desk.evaluator.take_memos();
    evaluated = !desk.evaluator.recalled();
    const size_t unproven = desk.evaluator.unproven();
    if (unproven == 0) return {};
    desk.count(&Counters::unproven, unproven);
    desk.note(Level::warning,
              exchange.method + " " + std::string(path_of(exchange.target)) + ": " + std::to_string(unproven) +
                  " hook(s) could not be judged because the body their conditions ask about cannot be read "
                  "(raise request_cap or response_cap when it is longer)");
    return {};
}

Result<void> Judged::write(Desk& desk, const Exchange& exchange, Tx& tx, int64_t doubt_since) {
    if (Result<void> done = evaluate(desk, exchange, tx); !done) return done;
    for (Event& event : events) {
        if (doubt_since >= 0) {
            const Result<bool> known = tx.has_event(event.capture, event.item, doubt_since);
            if (!known) return known.fault();
            if (known.value()) continue;
        }
        if (Result<void> added = tx.add_event(event); !added) return added;
    }
    return write_memos(memos, tx);
}

void Judged::count_jobs(const Desk& desk) const {
    for (const Memo& memo : memos) {
        if (memo.kind == Memo::Kind::put_aside && memo.waiting == Waiting::job) desk.count(&Counters::jobs);
        if (memo.kind == Memo::Kind::take_up) desk.count(&Counters::jobs_resolved);
    }
}

Result<void> RecordJob::write(Tx& tx) {
    Desk::Group& group = desk_->group;
    if (!in_group_) {
        in_group_ = true;
        ++group.open;
    }
    return guarded([&]() -> Result<void> {
        // done() must not need memory.
        if (group.landed.capacity() < group.open) group.landed.reserve(2 * group.open);
        if (ticket_->place != Place::writer) return {};
        return judged_.write(*desk_, *ticket_->exchange, tx, ticket_->doubt_since);
    });
}

void RecordJob::recorded() {
    RecordDone done;
    Desk::Group& group = desk_->group;
    group.events += judged_.events.size();
    if (judged_.events.empty()) ++group.barren;
    judged_.count_jobs(*desk_);
    if (!judged_.events.empty()) desk_->learn_event(judged_.events.back().number);
    try {
        if (ticket_->user != nullptr) {
            for (Event& event : judged_.events) {
                done.events.push_back(event.number);
                done.topics.push_back(std::move(event.topic));
            }
        }
    } catch (const std::bad_alloc&) {
        done.events.clear();  // the outcome is told without them
        done.topics.clear();
    }
    group.landed.push_back({ticket_, std::move(done)});
}

// The host's loop and the dispatcher are each woken once.
void RecordJob::end_group() {
    Desk::Group& group = desk_->group;
    desk_->count(&Counters::recorded, group.events);
    desk_->count(&Counters::no_event, group.barren);
    desk_->settle(group.landed, Place::writer);
    const bool has_events = group.events > 0;
    group.landed.clear();
    group.events = group.barren = 0;
    if (has_events) desk_->wake_dispatcher();
}

void RecordJob::done(const Result<void>& outcome) {
    if (in_group_) --desk_->group.open;
    if (outcome) {
        recorded();
    } else {
        if (in_doubt && ticket_->doubt_since < 0) ticket_->doubt_since = ticket_->exchange->at_ms;
        desk_->move(ticket_, Place::writer, Place::spill);
    }
    if (desk_->group.open == 0) end_group();
}

Result<void> ReplayJob::write(Tx& tx) {
    return guarded([&]() -> Result<void> {
        judged_.resize(flight_->records.size());
        for (size_t i = 0; i < judged_.size(); ++i) {
            const SpilledExchange& record = flight_->records[i];
            if (Result<void> written = judged_[i].write(*desk_, record.exchange, tx, record.doubt_since); !written)
                return written;
        }
        return {};
    });
}

void ReplayJob::done(const Result<void>& outcome) {
    if (outcome) {
        uint64_t events = 0;
        for (const Judged& judged : judged_) {
            events += judged.events.size();
            if (judged.events.empty()) desk_->count(&Counters::no_event);
            judged.count_jobs(*desk_);
            for (const Event& event : judged.events) desk_->learn_event(event.number);
        }
        desk_->count(&Counters::recorded, events);
        desk_->count(&Counters::replayed, flight_->records.size());
        flight_->state = Flight::State::landed;
        if (events > 0) desk_->wake_dispatcher();
    } else {
        flight_->doubt = in_doubt;
        flight_->fault = outcome.fault().text;
        const bool sick = outcome.fault().code == Code::stopped || !desk_->store_is_healthy();
        flight_->state = sick ? Flight::State::sick : Flight::State::refused;
    }
    desk_->poke();
}

}  // namespace trot
