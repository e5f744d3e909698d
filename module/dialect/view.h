// An event of the store as a format sees it. A template, because dialects do not know the store. Callers: dispatch,
// manage. Threads: pure; the view borrows from `event` and `id`.
#pragma once

#include <cstdint>
#include <string_view>

#include "dialect/format.h"

namespace trot {

// opaque: the store's flag of a payload that is no JSON.
template <class Event>
EventView view_of(const Event& event, std::string_view id, uint32_t opaque) {
    EventView view;
    view.id = id;
    view.topic = event.topic;
    view.resource = event.resource;
    view.resource_id = event.resource_id;
    view.action = event.action;
    view.at_ms = event.at_ms;
    if (event.payload) view.payload = *event.payload;
    view.payload_json = (event.flags & opaque) == 0;
    view.flags = event.flags;
    if (event.previous) view.previous = *event.previous;
    if (event.context) view.context = *event.context;
    return view;
}

// The attempt of a delivery. id: spelled, borrowed.
template <class Event>
DeliveryView delivery_view(const Event& event, std::string_view id, int64_t number, int64_t subscription,
                           unsigned attempt, int64_t at_ms) {
    DeliveryView view;
    view.id = id;
    view.number = number;
    view.subscription = subscription;
    view.topic = event.topic;
    view.resource = event.resource;
    view.action = event.action;
    view.attempt = attempt;
    view.at_s = at_ms / 1000;
    return view;
}

// The headers of one attempt as they go out: the format's, the credential in front, where HTTP clients have it, unless
// the format has a place of its own, and the subscription's.
inline Fields headers_of(Renderer& renderer, const DeliveryView& delivery, std::string_view body,
                         const Subscription& settings) {
    Fields headers;
    headers.reserve(12 + settings.headers.size());
    renderer.headers(delivery, body, headers);
    if (!settings.authorization.empty() && find_field(headers, "Authorization") == nullptr)
        headers.insert(headers.begin(), {"Authorization", std::string(settings.authorization.reveal())});
    if (delivery.sequence > 0) headers.push_back({"trotline-sequence", std::to_string(delivery.sequence)});
    headers.insert(headers.end(), settings.headers.begin(), settings.headers.end());
    if (!settings.consent_origin.empty()) headers.push_back({"WebHook-Request-Origin", settings.consent_origin});
    return headers;
}

}  // namespace trot
