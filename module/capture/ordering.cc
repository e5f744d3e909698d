#include "capture/ordering.h"

#include <algorithm>
#include <tuple>

namespace trot {
namespace {

bool same_walk(const Hook& a, const Hook& b) {
    const auto same = [](const Source& x, const Source& y) { return x.part == y.part && x.key == y.key; };
    return !a.items.empty() && a.context == b.context &&
           std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same);
}

// Where the events of a hook belong. Hooks that walk one array, some of them before: element by element, from where the
// first of them stands.
struct Stand {
    const Hook* hook = nullptr;
    size_t rank = 0;  // 0: before everything
    bool by_element = false;
};

// One for each hook that made events; these come hook by hook.
std::vector<Stand> stands_of(const std::vector<EventPlace>& places) {
    std::vector<Stand> out;
    for (const EventPlace& place : places)
        if (out.empty() || out.back().hook != place.hook) out.push_back({place.hook, out.size() + 1, false});
    for (Stand& stand : out) {
        size_t first = 0;
        for (const Stand& other : out) {
            if (!same_walk(*stand.hook, *other.hook)) continue;
            if (first == 0) first = static_cast<size_t>(&other - out.data()) + 1;
            stand.by_element = stand.by_element || other.hook->before;
        }
        if (stand.by_element)
            stand.rank = first;
        else if (stand.hook->before)
            stand.rank = 0;
    }
    return out;
}

struct Rank {
    size_t stand = 0, element = 0;
    bool after = false;
    size_t made = 0;
};

std::vector<Rank> ranks_of(const std::vector<EventPlace>& places) {
    const std::vector<Stand> stands = stands_of(places);
    std::vector<Rank> out;
    out.reserve(places.size());
    auto stand = stands.begin();
    for (const EventPlace& place : places) {
        while (stand->hook != place.hook) ++stand;
        const size_t element = stand->by_element ? place.element : 0;
        out.push_back({stand->rank, element, !place.hook->before, out.size()});
    }
    std::sort(out.begin(), out.end(), [](const Rank& a, const Rank& b) {
        return std::tie(a.stand, a.element, a.after, a.made) < std::tie(b.stand, b.element, b.after, b.made);
    });
    return out;
}

}  // namespace

void put_in_order(std::vector<Event>& events, const std::vector<EventPlace>& places) {
    const auto before = [](const EventPlace& place) { return place.hook->before; };
    if (std::any_of(places.begin(), places.end(), before)) {
        std::vector<Event> sorted;
        sorted.reserve(events.size());
        for (const Rank& rank : ranks_of(places)) sorted.push_back(std::move(events[rank.made]));
        events = std::move(sorted);
    }
    for (size_t i = 0; i < events.size(); ++i) events[i].item = static_cast<uint32_t>(i);
}

}  // namespace trot
