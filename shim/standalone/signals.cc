#include "shim/standalone/signals.h"

#include <csignal>

namespace trot::host {

Signals::~Signals() {
    for (One* one : all_) {
        if (one->handle != nullptr) event_free(one->handle);
        delete one;
    }
}

void Signals::on(int signal, std::function<void()> call) {
    auto* one = new One{std::move(call), nullptr};
    all_.push_back(one);
    one->handle = evsignal_new(
        base_, signal, [](evutil_socket_t, short, void* self) { static_cast<One*>(self)->call(); }, one);
    if (one->handle != nullptr) event_add(one->handle, nullptr);
}

void Signals::ignore_deadly() {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace trot::host
