// Which route of ShareActor's a path is. Callers: shareactor_api. Threads: pure; asked on the host's loop.
#pragma once

#include <string>
#include <string_view>

namespace trot::shareactor {

struct Route {
    enum class Place { none, webhooks, webhook_search, webhook, verify, simulate, events, event_search, event };
    Place place = Place::none;
    std::string id;  // of a webhook or event, as sent; of event_search what is looked for, where the path has it
};

Route find_route(std::string_view path);

// "GET, POST"
const char* methods_of(Route::Place place);

}  // namespace trot::shareactor
