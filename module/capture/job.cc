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

void Judged::evaluate(Desk& desk, const Exchange& exchange) {
    if (evaluated) return;
    events = desk.evaluator.evaluate(exchange, nullptr);
    evaluated = true;
    const size_t unproven = desk.evaluator.unproven();
    if (unproven == 0) return;
    desk.count(&Counters::unproven, unproven);
    desk.note(Level::warning,
              exchange.method + " " + std::string(path_of(exchange.target)) + ": " + std::to_string(unproven) +
                  " hook(s) could not be judged because the body their conditions ask about cannot be read "
                  "(raise request_cap or response_cap when it is longer)");
}

Result<void> Judged::write(Tx& tx, int64_t doubt_since) {
    for (Event& event : events) {
        if (doubt_since >= 0) {
            const Result<bool> known = tx.has_event(event.capture, event.item, doubt_since);
            if (!known) return known.fault();
            if (known.value()) continue;
        }
        if (Result<void> added = tx.add_event(event); !added) return added;
    }
    return {};
}

Result<void> RecordJob::write(Tx& tx) {
    if (!in_group_) {
        in_group_ = true;
        ++desk_->group_open;
    }
    return guarded([&]() -> Result<void> {
        if (!desk_->still_at(ticket_, Place::writer)) return {};
        judged_.evaluate(*desk_, *ticket_->exchange);
        return judged_.write(tx, ticket_->doubt_since);
    });
}

// True when this was the group's last job: the host's loop and the dispatcher are each woken once.
bool RecordJob::leave_group() {
    if (in_group_) --desk_->group_open;
    return desk_->group_open == 0;
}

void RecordJob::recorded() {
    RecordDone done;
    if (judged_.events.empty()) desk_->count(&Counters::no_event);
    desk_->count(&Counters::recorded, judged_.events.size());
    for (const Event& event : judged_.events) desk_->learn_event(event.number);
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
    desk_->settle(ticket_, Place::writer, std::move(done));
}

void RecordJob::done(const Result<void>& outcome) {
    const bool last = leave_group();
    if (outcome) {
        desk_->group_has_events |= !judged_.events.empty();
        recorded();
    } else {
        if (in_doubt && ticket_->doubt_since < 0) ticket_->doubt_since = ticket_->exchange->at_ms;
        desk_->move(ticket_, Place::writer, Place::spill);
    }
    if (!last) return;
    desk_->told();
    if (std::exchange(desk_->group_has_events, false)) desk_->wake_dispatcher();
}

Result<void> ReplayJob::write(Tx& tx) {
    return guarded([&]() -> Result<void> {
        judged_.resize(flight_->records.size());
        for (size_t i = 0; i < judged_.size(); ++i) {
            const SpilledExchange& record = flight_->records[i];
            judged_[i].evaluate(*desk_, record.exchange);
            if (Result<void> written = judged_[i].write(tx, record.doubt_since); !written) return written;
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
