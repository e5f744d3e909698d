#include "manage/cockpit/cockpit_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/hmac.h"
#include "dialect/format.h"
#include "plan/expr.h"
#include "url/header.h"

namespace trot::cockpit {
namespace {

constexpr size_t most_text = 1000;
constexpr size_t most_value = 8192;  // of a header: what receivers' servers take in one line
constexpr size_t most_headers = 100;
constexpr size_t most_events = 1000;

bool absent(const json_t* value) { return value == nullptr || json_is_null(value); }

std::string_view view_of_text(const json_t* value) {
    return json_is_string(value) ? std::string_view(json_string_value(value), json_string_length(value))
                                 : std::string_view();
}

Fault wrong(std::string text) { return {Code::usage, std::move(text)}; }

// One line of text; "" when it is not there.
Result<std::string> line_of(const json_t* object, const char* member, const std::string& called, size_t most) {
    const json_t* value = json_object_get(object, member);
    if (absent(value)) return std::string();
    if (!json_is_string(value)) return wrong(called + " must be a string");
    const std::string_view text = view_of_text(value);
    if (text.size() > most) return wrong(fmt::format("{} is longer than {} bytes", called, most));
    if (!is_header_value(text)) return wrong(called + " holds a line break or another control character");
    return std::string(text);
}

// Set by Trotline or by the format.
bool belongs_to_us(std::string_view name) {
    const auto begins = [name](std::string_view prefix) { return equal_nocase(name.substr(0, prefix.size()), prefix); };
    if (begins("trotline-") || begins("proxy-")) return true;
    const std::vector<std::string_view> names = find_format("cockpit")->reserved();
    return std::any_of(names.begin(), names.end(), [name](std::string_view one) { return equal_nocase(one, name); });
}

}  // namespace

Result<std::string> read_name(const json_t* webhook) {
    Result<std::string> name = line_of(webhook, "name", "name", most_text);
    if (name && trim(name.value()).empty()) return wrong("name is required");
    return name;
}

Result<std::string> read_url(const json_t* webhook) {
    const json_t* value = json_object_get(webhook, "url");
    if (!absent(value) && !json_is_string(value)) return wrong("url must be a string");
    const std::string_view url = trim(view_of_text(value));
    if (url.empty()) return wrong("url is required");
    return std::string(url);
}

Result<Secret> read_auth(const json_t* webhook) {
    const json_t* auth = json_object_get(webhook, "auth");
    // PHP writes an empty object as [].
    if (absent(auth) || (json_is_array(auth) && json_array_size(auth) == 0)) return Secret();
    if (!json_is_object(auth)) return wrong("auth must be an object of user and pass");
    const Result<std::string> user = line_of(auth, "user", "auth.user", most_text);
    if (!user) return user.fault();
    const Result<std::string> pass = line_of(auth, "pass", "auth.pass", most_text);
    if (!pass) return pass.fault();
    if (user.value().empty() || pass.value().empty()) return Secret();
    if (user.value().find(':') != std::string::npos) return wrong("auth.user must not hold a colon");
    const Secret pair(user.value() + ":" + pass.value());
    return Secret("Basic " + base64(pair.reveal()));
}

Result<Fields> read_headers(const json_t* webhook) {
    const json_t* list = json_object_get(webhook, "headers");
    if (absent(list)) return Fields();
    if (!json_is_array(list)) return wrong("headers must be a list of objects of k and v");
    if (json_array_size(list) > most_headers) return wrong(fmt::format("headers are more than {}", most_headers));
    Fields headers;
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* one = json_array_get(list, i);
        if (!json_is_object(one)) return wrong("headers must be a list of objects of k and v");
        const std::string at = fmt::format("headers[{}].", i);
        Result<std::string> name = line_of(one, "k", at + "k", most_text);
        if (!name) return name.fault();
        Result<std::string> value = line_of(one, "v", at + "v", most_value);
        if (!value) return value.fault();
        if (name.value().empty() || value.value().empty()) continue;
        if (const Result<void> sound = check_header(name.value(), value.value()); !sound)
            return wrong(sound.fault().text);
        if (belongs_to_us(name.value())) return wrong(fmt::format("header {} is set by Trotline itself", name.value()));
        headers.push_back({std::move(name).value(), std::move(value).value()});
    }
    return headers;
}

// Any name of a topic is taken, also one that no hook can make: Cockpit knows events that no proxy sees (bootstrap),
// and addons have their own. Empty ones come from the form, when Enter is pressed in an empty field.
Result<std::vector<std::string>> read_events(const json_t* webhook) {
    const json_t* list = json_object_get(webhook, "events");
    std::vector<std::string> events;
    if (absent(list)) return events;
    if (!json_is_array(list)) return wrong("events must be a list of strings");
    if (json_array_size(list) > most_events) return wrong(fmt::format("events are more than {}", most_events));
    for (size_t i = 0; i < json_array_size(list); ++i) {
        const json_t* one = json_array_get(list, i);
        if (!json_is_string(one)) return wrong("events must be a list of strings");
        const std::string event(trim(view_of_text(one)));
        if (event.empty()) continue;
        // "trotline.…" is about all subscriptions of the host, others' too.
        if (event.size() > most_text || !topic_is_right(event) || event.substr(0, 9) == "trotline.")
            return wrong(fmt::format("events[{}] is no event's name like collections.save.after", i));
        if (std::find(events.begin(), events.end(), event) == events.end()) events.push_back(event);
    }
    return events;
}

Result<bool> read_active(const json_t* webhook) {
    const json_t* value = json_object_get(webhook, "active");
    if (value == nullptr) return true;
    if (json_is_boolean(value)) return json_is_true(value);
    if (json_is_null(value)) return false;
    if (json_is_integer(value) && (json_integer_value(value) == 0 || json_integer_value(value) == 1))
        return json_integer_value(value) == 1;
    return wrong("active must be true or false");
}

}  // namespace trot::cockpit
