// The body of a creation or an update: JSON:API's {"data":{"type":"webhook","id":…,"attributes":{…}}}. Callers:
// webhooks. Threads: pure.
#pragma once

#include <optional>
#include <string>

#include "json/tree.h"
#include "manage/api.h"
#include "manage/reply.h"

namespace trot::datocms {

struct Body {
    Json whole;
    const json_t* attributes = nullptr;  // within
};

// id: the webhook's, which the body may repeat; empty for a new one. `refused` is the answer when it is wrong.
std::optional<Body> read_body(const ApiRequest& request, std::string_view id, Reply& refused);

}  // namespace trot::datocms
