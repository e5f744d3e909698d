#include "dispatch/timers.h"

#include <algorithm>

namespace trot {

LoopEvent::LoopEvent(event_base* base, int fd, short what, std::function<void()> run)
    : event_(event_new(
          base, fd, what, [](evutil_socket_t, short, void* self) { static_cast<LoopEvent*>(self)->run_(); }, this)),
      run_(std::move(run)) {}

LoopEvent::~LoopEvent() {
    if (event_ != nullptr) event_free(event_);
}

void LoopEvent::arm_ms(int64_t ms) {
    ms = std::max<int64_t>(0, ms);
    const timeval wait{static_cast<time_t>(ms / 1000), static_cast<suseconds_t>(ms % 1000 * 1000)};
    event_add(event_, &wait);
}

void LoopEvent::arm() { event_add(event_, nullptr); }
void LoopEvent::fire() { event_active(event_, EV_TIMEOUT, 1); }
void LoopEvent::disarm() { event_del(event_); }
bool LoopEvent::waits() const { return event_pending(event_, EV_TIMEOUT, nullptr) != 0; }

EndpointTimers::EndpointTimers(Context& context, std::function<void(const EndpointRef&)> wake)
    : context_(context), wake_(std::move(wake)), timer_(context.base, -1, 0, [this] { run(); }) {}

void EndpointTimers::set(const EndpointRef& endpoint, int64_t at_ms) {
    at_ms = std::max(at_ms, context_.steady_ms() + 1);  // whoever sets one when woken does not hold the loop
    if (endpoint->wake_ms >= 0 && endpoint->wake_ms <= at_ms) return;
    endpoint->wake_ms = at_ms;
    const bool first = heap_.empty() || at_ms < heap_.top().at_ms;
    heap_.push({at_ms, endpoint});
    if (first) arm();
}

void EndpointTimers::clear() {
    heap_ = {};
    timer_.disarm();
}

void EndpointTimers::run() {
    const int64_t now = context_.steady_ms();
    while (!heap_.empty() && heap_.top().at_ms <= now) {
        const Entry entry = heap_.top();
        heap_.pop();
        const EndpointRef endpoint = entry.endpoint.lock();
        if (!endpoint || endpoint->wake_ms != entry.at_ms) continue;  // an earlier timer took its place
        endpoint->wake_ms = -1;
        wake_(endpoint);
    }
    arm();
}

void EndpointTimers::arm() {
    if (!heap_.empty()) timer_.arm_ms(std::max<int64_t>(1, heap_.top().at_ms - context_.steady_ms()));
}

}  // namespace trot
