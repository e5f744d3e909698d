#include "manage/filter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <jansson.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "crypto/ids.h"
#include "json/tree.h"

namespace trot {
namespace {

// A member, and the lists that heed it: what a list would not heed is refused, or it would show more than was asked
// for.
struct Member {
    std::string_view name;
    std::vector<std::string_view> lists;
};

const std::vector<Member>& members() {
    static const std::vector<Member> all = {{"topic", {"events", "deliveries"}},
                                            {"subscription", {"events", "deliveries"}},
                                            {"state", {"events", "deliveries"}},
                                            {"after", {"events", "deliveries", "attempts"}},
                                            {"event", {"events", "deliveries", "attempts", "event"}},
                                            {"delivery", {"deliveries", "attempts"}},
                                            {"limit", {"events", "deliveries", "attempts"}},
                                            {"oldest_first", {"events", "deliveries", "attempts"}}};
    return all;
}

std::vector<std::string_view> members_of(std::string_view what) {
    std::vector<std::string_view> out;
    for (const Member& member : members())
        if (std::find(member.lists.begin(), member.lists.end(), what) != member.lists.end()) out.push_back(member.name);
    return out;
}

Result<int64_t> number_of(const json_t* value, std::string_view prefix) {
    if (json_is_integer(value)) return static_cast<int64_t>(json_integer_value(value));
    return read_id(prefix, std::string_view(json_string_value(value), json_string_length(value)));
}

Result<void> take(Filter& filter, std::string_view what, std::string_view key, const json_t* value) {
    const bool text = json_is_string(value);
    if (key == "limit" && json_is_integer(value) && json_integer_value(value) > 0) {
        filter.limit = static_cast<size_t>(json_integer_value(value));
    } else if (key == "oldest_first" && json_is_boolean(value)) {
        filter.oldest_first = json_is_true(value);
    } else if (text && (key == "topic" || key == "subscription" || key == "state")) {
        (key == "topic"   ? filter.topic
         : key == "state" ? filter.state
                          : filter.subscription) = json_string_value(value);
    } else if ((text || json_is_integer(value)) && (key == "after" || key == "event" || key == "delivery")) {
        const bool event = key == "event" || (key == "after" && (what == "events" || what == "event"));
        const Result<int64_t> number = number_of(value, event ? event_prefix : delivery_prefix);
        if (!number) return Fault{Code::usage, fmt::format("filter member \"{}\": {}", key, number.fault().text)};
        (key == "after" ? filter.after : key == "event" ? filter.event : filter.delivery) = number.value();
    } else {
        return Fault{Code::usage, fmt::format("filter member \"{}\" has the wrong type or value", key)};
    }
    return {};
}

}  // namespace

Result<Filter> read_filter(std::string_view what, std::string_view text) {
    Filter filter;
    if (text.empty()) return filter;
    json_error_t error;
    const Json root(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, &error));
    if (!json_is_object(root.get()))
        return Fault{Code::usage,
                     fmt::format("the filter must be a JSON object{}{}", root ? "" : ": ", root ? "" : error.text)};
    const std::vector<std::string_view> known = members_of(what);
    const char* key = nullptr;
    json_t* value = nullptr;
    json_object_foreach(root.get(), key, value) {
        if (std::find(known.begin(), known.end(), key) == known.end())
            return Fault{Code::usage, fmt::format("\"{}\" is no filter of {}; it has {}", key, what,
                                                  known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")))};
        Result<void> taken = take(filter, what, key, value);
        if (!taken) return taken.fault();
    }
    return filter;
}

}  // namespace trot
