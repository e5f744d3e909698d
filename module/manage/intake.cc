#include "manage/intake.h"

#include <fmt/format.h>

#include <charconv>

#include "manage/registry.h"

namespace trot {
namespace {

// A body that nobody named is taken for what it should be.
bool calls_itself_json(const Fields& fields) {
    const std::string* type = find_field(fields, "Content-Type");
    return type == nullptr || is_json_type(*type);
}

bool read_number(std::string_view text, size_t& into) {
    const std::from_chars_result read = std::from_chars(text.data(), text.data() + text.size(), into);
    return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

}  // namespace

bool is_json_type(std::string_view content_type) {
    constexpr std::string_view suffix = "+json";
    const std::string_view name = trim(content_type.substr(0, content_type.find(';')));
    return equal_nocase(name, "application/json") ||
           (name.size() > suffix.size() && equal_nocase(name.substr(name.size() - suffix.size()), suffix));
}

Result<Json> object_of(const ApiRequest& request) {
    if (request.body.size() > most_body)
        return Fault{Code::full, fmt::format("The body is larger than {} bytes.", most_body)};
    if (request.body.empty()) return Json(json_object());
    if (!calls_itself_json(request.fields))
        return Fault{Code::usage, "The body must be JSON, sent with Content-Type: application/json."};
    Result<Json> body = parse_json(request.body);
    if (!body) return Fault{Code::usage, "The body is not valid JSON: " + body.fault().text};
    if (!json_is_object(body.value().get())) return Fault{Code::usage, "The body must be a JSON object."};
    return body;
}

Result<CheckedUrl> take_url(std::string_view text, const ApiConfig& api, const ApiWorld& world) {
    if (text.size() > most_url) return Fault{Code::refused, fmt::format("it is longer than {} bytes", most_url)};
    // The form first: what is wrong with that may be told.
    if (Result<CheckedUrl> form = check_url(text, world.plan.egress.urls); !form) return form;
    Result<CheckedUrl> url = world.check_url(std::string(text), api);
    if (url) return url;
    return Fault{Code::refused, "it leads to where deliveries may not go"};
}

Result<Window> window_of(const Fields& query) {
    Window window;
    const size_t most = window.limit;
    if (const std::string* limit = find_field(query, "limit"))
        if (!read_number(*limit, window.limit) || window.limit < 1 || window.limit > most)
            return Fault{Code::usage, fmt::format("limit must be a number from 1 to {}.", most)};
    if (const std::string* skip = find_field(query, "skip"))
        if (!read_number(*skip, window.skip) || window.skip > 0x7fffffff)
            return Fault{Code::usage, "skip must be a number."};
    return window;
}

Result<void> check_room(const ApiConfig& api, Registry& registry, uint64_t more) {
    ManagedQuery query;
    query.api = api.name;
    query.limit = 0;
    const Result<ManagedPage> page = registry.list(query);
    if (!page) return page.fault();
    if (page.value().total + more <= api.most) return {};
    return Fault{Code::full, fmt::format("There are {} webhooks already, which is the limit.", api.most)};
}

}  // namespace trot
