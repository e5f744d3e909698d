#include "dispatch/gate.h"

#include "dispatch/endpoint.h"

namespace trot {

void Gate::join(int64_t subscription, const HealthRules& rules) {
    members_[subscription] = rules;
    agree();
}

void Gate::leave(int64_t subscription) {
    members_.erase(subscription);
    if (!members_.empty()) agree();
}

void Gate::agree() {
    const HealthRules* slowest = &members_.begin()->second;
    bool adaptive = false;
    int64_t longest_ms = slowest->longest_pause_ms;
    for (const auto& [number, rules] : members_) {
        if (rules.rate > 0 && (slowest->rate == 0 || rules.rate < slowest->rate)) slowest = &rules;
        adaptive = adaptive || rules.adaptive;
        longest_ms = std::min(longest_ms, rules.longest_pause_ms);
    }
    bucket_.set_rate(slowest->rate, slowest->burst);
    pacer_.set_rules(adaptive, longest_ms);
}

void Gate::queue(const std::shared_ptr<Endpoint>& endpoint) {
    if (endpoint->in_gate) return;
    endpoint->in_gate = true;
    queue_.push_back(endpoint);
}

std::shared_ptr<Endpoint> Gate::first() {
    while (!queue_.empty()) {
        std::shared_ptr<Endpoint> one = queue_.front().lock();
        if (one && one->gate.get() == this && one->active() && one->queued() > 0 && !one->awaits_token) return one;
        drop_first();
    }
    return nullptr;
}

void Gate::drop_first() {
    if (const std::shared_ptr<Endpoint> one = queue_.front().lock()) one->in_gate = false;
    queue_.pop_front();
}

GatePtr Gates::find(const Subscription& settings, const GatePtr& own) {
    if (!settings.health.share_origin) return own && !own->shared() ? own : std::make_shared<Gate>(false);
    const std::string origin =
        (settings.url.https ? "https://" : "http://") + settings.url.host + ":" + std::to_string(settings.url.port);
    std::erase_if(shared_, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<Gate>& kept = shared_[origin];
    GatePtr gate = kept.lock();
    if (!gate) kept = gate = std::make_shared<Gate>(true);
    return gate;
}

}  // namespace trot
