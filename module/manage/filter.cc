#include "manage/filter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <jansson.h>

#include <memory>
#include <vector>

#include "crypto/ids.h"

namespace trot {
namespace {

struct JsonDrop {
    void operator()(json_t* value) const { json_decref(value); }
};
using Json = std::unique_ptr<json_t, JsonDrop>;

constexpr std::string_view members[] = {"topic", "subscription", "state", "after",
                                        "event", "delivery",     "limit", "oldest_first"};

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
        return Fault{Code::usage, fmt::format("filter member \"{}\" is unknown or has the wrong type; known are {}",
                                              key, fmt::join(members, ", "))};
    }
    return {};
}

}  // namespace

Result<Filter> read_filter(std::string_view what, std::string_view text) {
    Filter filter;
    if (text.empty()) return filter;
    json_error_t error;
    const Json root(json_loadb(text.data(), text.size(), JSON_REJECT_DUPLICATES, &error));
    if (!json_is_object(root.get())) return Fault{Code::usage, "the filter must be a JSON object"};
    const char* key = nullptr;
    json_t* value = nullptr;
    json_object_foreach(root.get(), key, value) {
        Result<void> taken = take(filter, what, key, value);
        if (!taken) return taken.fault();
    }
    return filter;
}

}  // namespace trot
