// May an endpoint's next delivery go out now? If not, its time or its turn is waited for.
#include "dispatch/sender.h"

namespace trot {

bool Sender::admitted(const EndpointRef& endpoint, int64_t now_ms) {
    if (endpoint->awaits_token) return false;  // it is considered again when that has come
    if (endpoint->consent && !consents_.granted(endpoint)) {
        if (endpoint->consent->next_ms > now_ms) timers_.set(endpoint, endpoint->consent->next_ms);
        return false;
    }
    if (endpoint->inflight >= endpoint->breaker.limit(endpoint->cap, now_ms)) {
        if (const int64_t next = endpoint->breaker.next_ms(now_ms); next >= 0) timers_.set(endpoint, next);
        return false;
    }
    Gate& gate = *endpoint->gate;
    const bool room = gate.room(endpoint->cap);
    const int64_t ready_us = gate.ready_us();
    const bool due = ready_us <= 0 || ready_us <= context_.clock.steady_us();
    if (gate.shared()) return in_turn(endpoint, room, due);
    if (room && !due) timers_.set(endpoint, ready_us / 1000 + 1);
    return room && due;
}

// Where several share a gate, whoever has waited longest is first.
bool Sender::in_turn(const EndpointRef& endpoint, bool room, bool due) {
    Gate& gate = *endpoint->gate;
    const EndpointRef first = gate.first();
    if (room && due && (!first || first == endpoint)) return true;
    gate.queue(endpoint);
    if (first && first != endpoint && room && due)
        next_turn(gate);
    else if (const EndpointRef next = gate.first(); next && room)
        timers_.set(next, gate.ready_us() / 1000 + 1);
    return false;
}

// Something has changed at a shared gate: whoever is first is looked at. Those whose breaker or consent holds them back
// give up their turn: they come again when that has changed.
void Sender::next_turn(Gate& gate) {
    const int64_t now_ms = context_.steady_ms();
    while (const EndpointRef first = gate.first()) {
        const bool held = (first->consent && first->consent->state != Consent::State::granted) ||
                          first->inflight >= first->breaker.limit(first->cap, now_ms);
        if (!held) {
            if (!first->listed && admitted(first, now_ms)) list(first);
            return;
        }
        gate.drop_first();
    }
}

}  // namespace trot
