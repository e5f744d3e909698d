#include "dispatch/deaths.h"

#include "crypto/ids.h"
#include "dispatch/lanes.h"

namespace trot {
namespace {

std::string name_of(const InHand& note) {
    return note.delivery ? "delivery " + spell_id(delivery_prefix, note.number)
                         : "event " + spell_id(event_prefix, note.number);
}

}  // namespace

Result<void> Deaths::Count::write(Tx& tx, bool) {
    if (Result<void> counted = tx.count_deaths(reign, notes); !counted) return counted;
    for (const InHand& note : notes)
        if (note.delivery && note.deaths >= most_deaths)
            if (Result<void> done = let_go_after(tx, note.number); !done) return done;
    return {};
}

void Deaths::look() {
    if (done_ || flying_) return;
    if (!opened_) {
        if (const Result<void> opened = context_.hands.open(context_.store.path()); !opened)
            context_.log.write(Level::warning, "dispatch: " + opened.fault().text +
                                                   "; a delivery that ends the process would be tried for ever");
        opened_ = true;
    }
    auto count = std::make_shared<Count>();
    count->reign = context_.hands.reign();
    count->notes = context_.hands.left();
    if (count->notes.empty()) return finish();
    flying_ = true;
    LoopJob<Count>::submit(context_, std::move(count),
                           [this](Count& back, const Result<void>& result) { came_back(back, result); });
}

void Deaths::came_back(const Count& count, const Result<void>& result) {
    flying_ = false;
    if (!opened_) return;  // we have left meanwhile
    if (!result) {         // the tick asks again
        context_.log.write(Level::error,
                           "dispatch: what the last process died of cannot be noted yet: " + result.fault().text);
        return;
    }
    for (const InHand& note : count.notes) tell(note);
    finish();
}

void Deaths::tell(const InHand& note) {
    if (note.deaths == 0) return;  // counted before, or it has ended since
    if (note.deaths < most_deaths) {
        context_.log.write(Level::warning, "dispatch: a process ended while it had " + name_of(note) + " in hand (" +
                                               std::to_string(note.deaths) + " of " + std::to_string(most_deaths) +
                                               "; then it is put aside)");
        return;
    }
    context_.counters.quarantined.fetch_add(1, std::memory_order_relaxed);
    if (!note.delivery) context_.counters.quarantined_events.fetch_add(1, std::memory_order_relaxed);
    context_.log.write(Level::alarm, "dispatch: " + name_of(note) + " is quarantined: " + std::to_string(note.deaths) +
                                         " processes ended while they had it in hand" +
                                         (note.delivery ? " (`trotline redeliver` sends it nevertheless)" : ""));
}

void Deaths::finish() {
    context_.hands.begin(static_cast<int64_t>(context_.random() >> 2U) + 1);
    done_ = true;
    settled_();
}

void Deaths::leave() {
    context_.hands.close();
    opened_ = done_ = false;
}

}  // namespace trot
