// Bodies: an event in memory, shared by all its deliveries, with its body rendered once per style where that shares
// bodies. The bytes depend on nothing but the event, the delivery and its style, so a delivery has the same ones on
// each attempt, also after a restart.
// EventCache finds an event that some delivery still holds, reads it from the store otherwise, and counts the bytes.
// Callers: expander, sender. Threads: the dispatcher's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dialect/style.h"
#include "store/store.h"

namespace trot {

class EventCache;

class EventData {
  public:
    EventData(Event event, std::shared_ptr<uint64_t> bytes, int64_t shape = 0);
    ~EventData();
    EventData(const EventData&) = delete;
    EventData& operator=(const EventData&) = delete;

    const Event& event() const { return event_; }
    int64_t shape() const { return shape_; }  // in which its payload is (Delivery::shape)
    std::shared_ptr<const std::string> body(const Style& style, Renderer& renderer, const DeliveryView& delivery);
    Result<std::string> url(Renderer& renderer, const DeliveryView& delivery) const;  // Renderer::url

  private:
    Event event_;
    int64_t shape_;
    std::vector<std::pair<const Style*, std::shared_ptr<const std::string>>> bodies_;
    std::shared_ptr<uint64_t> bytes_;  // the cache's count: an event may outlive the cache in a transport's callback
    uint64_t mine_ = 0;
};

using EventRef = std::shared_ptr<EventData>;

class EventCache {
  public:
    EventRef add(Event event);
    EventRef shaped(Event event, int64_t shape);  // counted, not found by get()
    Result<EventRef> get(Reader& reader, int64_t number);
    // Of several changes in one (first: 0 for none): the last one, and what was before the first.
    Result<EventRef> get(Reader& reader, int64_t number, int64_t first);
    void forget(int64_t number) { events_.erase(number); }  // its row has changed
    uint64_t bytes() const { return *bytes_; }

  private:
    void sweep();

    std::unordered_map<int64_t, std::weak_ptr<EventData>> events_;
    size_t sweep_at_ = 1024;
    std::shared_ptr<uint64_t> bytes_ = std::make_shared<uint64_t>(0);
};

}  // namespace trot
