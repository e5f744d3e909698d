#include "shim/standalone/deadline.h"

#include <ctime>

namespace trot::host {

int64_t now_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

Deadline::Deadline(event_base* base, Call call, void* argument) : call_(call), argument_(argument), timer_{} {
    event_assign(&timer_, base, -1, 0, fired, this);
}

Deadline::~Deadline() { event_del(&timer_); }

void Deadline::arm(int64_t ms) {
    timeval wait{};
    wait.tv_sec = ms / 1000;
    wait.tv_usec = (ms % 1000) * 1000;
    event_add(&timer_, &wait);
}

void Deadline::set(int64_t ms) {
    due_ = now_ms() + (ms > 0 ? ms : 0);
    if (armed_ != 0 && armed_ <= due_) return;
    armed_ = due_;
    arm(ms > 0 ? ms : 0);
}

void Deadline::fired(evutil_socket_t, short, void* self) {
    auto& deadline = *static_cast<Deadline*>(self);
    deadline.armed_ = 0;
    if (deadline.due_ == 0) return;
    const int64_t left = deadline.due_ - now_ms();
    if (left > 0) {
        deadline.armed_ = deadline.due_;
        deadline.arm(left);
        return;
    }
    deadline.due_ = 0;
    deadline.call_(deadline.argument_);
}

}  // namespace trot::host
