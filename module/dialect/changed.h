// Changes: the members of the first level by which an event's payload differs from the state before. Compared by their
// bytes. Callers: formats that tell what changed (standard, stripe, github, shareactor). Threads: one.
#pragma once

#include <string_view>
#include <vector>

#include "dialect/format.h"
#include "json/pointer.h"

namespace trot {

class Changes {
  public:
    struct One {
        std::string_view key;  // raw, with its quotes
        std::string_view was;  // raw; "null" of a member that is new
        bool is_new = false;
    };

    // Can anything be said: are both states there, and JSON?
    static bool known(const EventView& event) {
        return !event.previous.empty() && !event.payload.empty() && event.payload_json;
    }
    // Those that are other now or have gone, in the order of the state before; then the new ones. Borrows from the
    // event; empty when nothing is known, or one of the two states is no object.
    std::vector<One> of(const EventView& event);

  private:
    JsonReader now_, before_;
};

}  // namespace trot
