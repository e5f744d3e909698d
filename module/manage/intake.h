// What handlers that speak JSON ask of a request before they read it as their system does: a sound body of a bearable
// size, and a URL that deliveries may be sent to. Faults are texts for the client. Callers: handlers. Threads: as
// ApiHandler's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json/tree.h"
#include "manage/api.h"

namespace trot {

inline constexpr size_t most_body = size_t{1} << 20;
inline constexpr size_t most_url = 2048;
inline constexpr size_t most_document = size_t{64} << 10;  // what the client may add to a webhook of its own

// "application/json; charset=utf-8", "application/vnd.api+json".
bool is_json_type(std::string_view content_type);

// The body as an object, {} when there is none. Code::full: larger than a MiB; Code::usage: no JSON object, or not
// called JSON.
Result<Json> object_of(const ApiRequest& request);

// A URL to deliver to. The fault names nothing that the guard found out about the network behind a name.
Result<CheckedUrl> take_url(std::string_view text, const ApiConfig& api, const ApiWorld& world);

// A page of a list, out of `limit` and `skip` in the query. limit: the most, and the default.
struct Window {
    size_t limit = 1000, skip = 0;
};
Result<Window> window_of(const Fields& query);

// Is there room for so many more? Code::full when the API would have more than it may.
Result<void> check_room(const ApiConfig& api, Registry& registry, uint64_t more = 1);

}  // namespace trot
