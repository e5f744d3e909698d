// What a client asks of a webhook: the JSON of POST and PUT, checked. Callers: webhooks. Threads: may block on DNS.
#pragma once

#include <optional>
#include <string>

#include "json/tree.h"
#include "manage/api.h"

namespace trot::shareactor {

struct Asked {
    std::optional<CheckedUrl> endpoint;
    std::optional<std::string> event_type;  // as written
    std::string topic;                      // what it stands for
    std::optional<bool> active;
    Json more;  // attributes that nobody here knows: they are kept
};

// An answer: that is what is wrong. whole: it is to be a whole webhook, with endpoint and event_type.
std::optional<Reply> read_asked(const ApiRequest& request, const ApiWorld& world, const ApiConfig& api, bool whole,
                                Asked& out);

// When there are more than intake's most_document bytes of attributes that nobody here knows: a list shows them all.
inline constexpr const char* too_much = "all other attributes together are larger than 64 KiB";

}  // namespace trot::shareactor
