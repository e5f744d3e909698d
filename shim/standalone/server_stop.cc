// The end of the host: QUIT lets everything finish, TERM gives it a moment, and then all that is known is recorded.
#include <algorithm>

#include "shim/standalone/exchange.h"
#include "shim/standalone/server.h"

namespace trot::host {
namespace {

constexpr int64_t kLastAnswersMs = 200;
constexpr int64_t kShortestEngineMs = 500;

}  // namespace

void Server::leave(int64_t within_ms, bool drain) {
    if (!worker_.leaving) {
        worker_.leaving = true;
        log_.say(TROT_LOG_NOTICE, drain ? "draining" : "stopping");
        listeners_.clear();
        trot_engine_quiesce(engine_.get());
        const std::list<Client*> all = worker_.clients;
        for (Client* client : all)
            if (client->idle()) client->close();
        if (worker_.now->upstream != nullptr) worker_.now->upstream->close_idle();
    } else if (drain || stopping_) {
        return;  // TERM hurries a drain; anything else a second time changes nothing
    }
    stopping_ = !drain;
    last_call_->set(within_ms);
}

bool Server::finished() const {
    if (!worker_.leaving || !worker_.exchanges.empty()) return false;
    // A drain also waits for a request that has begun to come.
    const auto busy = [this](const Client* one) { return one->sending() || (one->asking() && !stopping_); };
    return std::none_of(worker_.clients.begin(), worker_.clients.end(), busy);
}

void Server::stop_engine() {
    const int64_t began = now_ms();
    const int64_t budget = worker_.now->settings.stop_timeout_ms / 2 - kLastAnswersMs;
    for (Exchange* exchange : worker_.exchanges) exchange->stop_now();
    trot_engine_stop(engine_.get(), static_cast<uint32_t>(std::max(budget, kShortestEngineMs)));
    engine_event_.reset();
    reap();
    send_last_answers();
    const std::list<Client*> clients = worker_.clients;
    for (Client* client : clients) client->close_now();
    while (!worker_.exchanges.empty()) worker_.exchanges.front()->discard();
    worker_.end_turn();
    reap();
    worker_.now.reset();
    worker_.end_turn();
    access_.file.flush();
    log_.drain(engine_.get());
    log_.say(TROT_LOG_NOTICE, "stopped after " + std::to_string(now_ms() - began) + " ms");
}

// Held answers whose record became durable in the last moment go out.
void Server::send_last_answers() {
    Deadline enough(
        base_.get(), [](void*) {}, nullptr);
    enough.set(kLastAnswersMs);
    worker_.end_turn();
    while (enough.is_set()) {
        const auto waiting = [](const Client* one) { return one->sending(); };
        if (std::none_of(worker_.clients.begin(), worker_.clients.end(), waiting)) return;
        if (event_base_loop(base_.get(), EVLOOP_ONCE) < 0) return;
        worker_.end_turn();
    }
}

}  // namespace trot::host
