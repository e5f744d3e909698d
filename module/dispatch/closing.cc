#include "dispatch/closing.h"

#include <algorithm>

namespace trot {
namespace {

// No window is longer: what is due later was written under a clock that was far ahead (fault F35), and is due now.
constexpr int64_t longest_window_ms = int64_t{25} * 3600 * 1000;

}  // namespace

Result<void> Closing::write(Tx& tx, bool) {
    closed.clear();
    waiting = 0;
    waiting_bytes = 0;
    Result<std::vector<Gathered>> due =
        tx.lanes().gathered(subscription, now_ms, now_ms + longest_window_ms, closing_step);
    if (!due) return due.fault();
    std::vector<Gathered>& rows = due.value();
    more = rows.size() == static_cast<size_t>(closing_step);
    // In the order in which they were made, which is that of their lanes.
    std::sort(rows.begin(), rows.end(),
              [](const Gathered& a, const Gathered& b) { return a.delivery.number < b.delivery.number; });
    Result<void> done = batch.most > 1 ? close_batches(tx, rows) : close_alone(tx, rows);
    if (!done) return done;
    const Result<int64_t> next = tx.lanes().next_gathered(subscription);
    if (!next) return next.fault();
    next_ms = next.value() < 0 || batch.most < 2 ? next.value() : next.value() + batch.wait_ms;
    return {};
}

// Nothing is before it in its lane but what goes in the same request.
Result<bool> Closing::may_go(Tx& tx, const Delivery& delivery, const std::vector<Delivery>& with) const {
    if (delivery.sequence == 0) return true;
    const Result<int64_t> before = tx.lanes().before(subscription, delivery.lane, delivery.number);
    if (!before) return before.fault();
    return before.value() == 0 ||
           std::any_of(with.begin(), with.end(), [&](const Delivery& one) { return one.number == before.value(); });
}

Result<void> Closing::close_alone(Tx& tx, std::vector<Gathered>& due) {
    for (Gathered& row : due) {
        Delivery& one = row.delivery;
        const Result<bool> free = may_go(tx, one, {});
        if (!free) return free.fault();
        one.state = free.value() ? DeliveryState::pending : DeliveryState::queued;
        one.due_ms = now_ms;
        if (Result<void> moved = tx.lanes().move(one.number, one.state, one.due_ms, 0); !moved) return moved;
        if (free.value()) closed.push_back(std::move(one));
    }
    return {};
}

Result<void> Closing::close_batches(Tx& tx, std::vector<Gathered>& due) {
    std::vector<Delivery> open;
    uint64_t bytes = 0;
    int64_t oldest_ms = 0;
    const auto close = [&]() -> Result<void> {
        bytes = 0;
        return close_batch(tx, open);
    };
    for (Gathered& row : due) {
        Delivery& one = row.delivery;
        if (!open.empty() && (bytes + row.bytes > most_batch_bytes || one.format != open.front().format ||
                              one.shape != shape || open.front().shape != shape))
            if (Result<void> done = close(); !done) return done;
        const Result<bool> free = may_go(tx, one, open);
        if (!free) return free.fault();
        if (!free.value()) {
            // Keeps its time: it has waited for company already when its turn comes.
            if (Result<void> moved = tx.lanes().move(one.number, DeliveryState::queued, one.due_ms, 0); !moved)
                return moved;
            continue;
        }
        oldest_ms = open.empty() ? one.due_ms : std::min(oldest_ms, one.due_ms);
        bytes += row.bytes;
        open.push_back(std::move(one));
        if (open.size() >= batch.most || bytes >= most_batch_bytes)
            if (Result<void> done = close(); !done) return done;
    }
    if (open.empty()) return {};
    const bool far = oldest_ms > now_ms;
    if (far || oldest_ms + batch.wait_ms <= now_ms) return close();
    waiting = static_cast<unsigned>(open.size());
    waiting_bytes = bytes;
    return {};
}

Result<void> Closing::close_batch(Tx& tx, std::vector<Delivery>& members) {
    const int64_t number = members.front().shape == shape ? members.front().number : 0;
    for (const Delivery& member : members)
        if (Result<void> moved = tx.lanes().move(member.number, DeliveryState::pending, now_ms, number); !moved)
            return moved;
    Delivery& first = members.front();
    first.state = DeliveryState::pending;
    first.due_ms = now_ms;
    first.batch = number;
    closed.push_back(std::move(first));
    members.clear();
    return {};
}

}  // namespace trot
