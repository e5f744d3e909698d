#include "dispatch/bodies.h"

#include <algorithm>

#include "crypto/ids.h"
#include "dialect/view.h"

namespace trot {

EventData::EventData(Event event, std::shared_ptr<uint64_t> bytes, int64_t shape)
    : event_(std::move(event)),
      shape_(shape),
      bytes_(std::move(bytes)),
      mine_((event_.payload ? event_.payload->size() : 0) + (event_.previous ? event_.previous->size() : 0) +
            (event_.context ? event_.context->size() : 0)) {
    *bytes_ += mine_;
}

EventData::~EventData() { *bytes_ -= mine_; }

std::shared_ptr<const std::string> EventData::body(const Style& style, Renderer& renderer,
                                                   const DeliveryView& delivery) {
    for (const auto& known : bodies_)
        if (known.first == &style) return known.second;
    const std::string id = spell_id(event_prefix, event_.number);
    const EventView view = view_of(event_, id, event_opaque);
    auto made = std::make_shared<const std::string>(renderer.body(view, delivery));
    if (!style.shared) return made;
    bodies_.emplace_back(&style, std::move(made));
    mine_ += bodies_.back().second->size();
    *bytes_ += bodies_.back().second->size();
    return bodies_.back().second;
}

Result<std::string> EventData::url(Renderer& renderer, const DeliveryView& delivery) const {
    const std::string id = spell_id(event_prefix, event_.number);
    return renderer.url(view_of(event_, id, event_opaque), delivery);
}

EventRef EventCache::add(Event event) {
    sweep();
    const int64_t number = event.number;
    auto made = std::make_shared<EventData>(std::move(event), bytes_);
    events_[number] = made;
    return made;
}

EventRef EventCache::shaped(Event event, int64_t shape) {
    return std::make_shared<EventData>(std::move(event), bytes_, shape);
}

Result<EventRef> EventCache::get(Reader& reader, int64_t number) {
    const auto found = events_.find(number);
    if (found != events_.end())
        if (EventRef held = found->second.lock()) return held;
    Result<Event> event = reader.event(number);
    if (!event) return event.fault();
    return add(std::move(event).value());
}

Result<EventRef> EventCache::get(Reader& reader, int64_t number, int64_t first) {
    Result<EventRef> last = get(reader, number);
    if (first == 0 || first == number || !last) return last;
    const Result<EventRef> opened = get(reader, first);
    if (!opened && opened.fault().code != Code::not_found) return opened.fault();
    Event joined = last.value()->event();
    joined.previous = opened ? opened.value()->event().previous : nullptr;
    // Another delivery of the same event says something else: this one is nobody else's to find.
    return std::make_shared<EventData>(std::move(joined), bytes_);
}

// Entries whose event is gone stay until the map has doubled: amortised, one pass an insertion.
void EventCache::sweep() {
    if (events_.size() < sweep_at_) return;
    std::erase_if(events_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<size_t>(1024, events_.size() * 2);
}

}  // namespace trot
