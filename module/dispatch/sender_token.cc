// Deliveries of subscriptions with [subscription.oauth]: one waits for the token, the endpoint's others wait their turn
// behind it; none of that is an attempt. A token that cannot be had is the failure of the one that asked for it, so
// that schedule and breaker go on as if the endpoint itself did not answer.
#include "dispatch/sender.h"

namespace trot {

void Sender::await_token(const EndpointRef& endpoint, Item item) {
    endpoint->awaits_token = true;
    tokens_.wait(*endpoint->settings, [self = self_, endpoint, item = std::move(item)](const SendResult* failure) {
        if (*self != nullptr) (*self)->token_came(endpoint, item, failure);
    });
}

void Sender::token_came(const EndpointRef& endpoint, Item item, const SendResult* failure) {
    endpoint->awaits_token = false;
    // It is looked at anew: meanwhile the endpoint may have gone, been paused, or lost its oauth.
    if (failure == nullptr || !running_ || !endpoint->active()) return unpark(endpoint, std::move(item));
    const bool alone = item.data && (item.data->event().flags & event_private) != 0;
    const bool probe = begin(*endpoint);
    finish({endpoint, std::move(item), probe, context_.clock.wall_ms(), endpoint->settings, alone, endpoint->gate,
            nullptr, true},
           *failure);
}

// A 401 may only mean that the token has been taken back: it goes, and the delivery goes again with the next one,
// once. True: that is what happens.
bool Sender::renew_token(const Try& what, const SendResult& result) {
    if (result.status != 401) {
        if (result.status >= 200 && result.status < 300) tokens_.accepted(*what.settings);
        return false;
    }
    if (!running_ || !what.endpoint->active() || !tokens_.refused(*what.settings, what.token)) return false;
    what.endpoint->breaker.neutral(what.probe);
    context_.log.write(Level::notice, "dispatch: endpoint \"" + what.endpoint->name +
                                          "\" answered 401 to its token; the delivery goes again with a new one");
    unpark(what.endpoint, what.item);
    if (what.gate->shared()) next_turn(*what.gate);
    if (!ring_.empty()) pump_.fire();
    seams_.ended();
    return true;
}

}  // namespace trot
