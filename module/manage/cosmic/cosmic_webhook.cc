#include "manage/cosmic/cosmic_webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "crypto/hmac.h"
#include "manage/cosmic/cosmic_events.h"
#include "manage/intake.h"
#include "manage/sent.h"

namespace trot::cosmic {
namespace {

constexpr size_t most_event = 1000;

// Ours to say, or credentials: never kept with what the client sent besides.
constexpr const char* not_kept[] = {"id", "title", "event", "endpoint", "write_key", "read_key", "token"};

// RFC 9562, version 4. Cosmic's own are of version 1, which tells time and machine; clients see no difference.
std::string new_id() {
    std::string bytes = random_bytes(16);
    bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0fU) | 0x40U);
    bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3fU) | 0x80U);
    std::string text = hex(bytes);
    for (const size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
    return text;
}

Result<std::string> needed(const json_t* body, const char* name) {
    const json_t* value = json_object_get(body, name);
    if (value == nullptr || json_is_null(value)) return Fault{Code::usage, fmt::format("{} is required.", name)};
    if (!json_is_string(value)) return Fault{Code::usage, fmt::format("{} must be a string.", name)};
    std::string text(json_string_value(value), json_string_length(value));
    if (text.empty()) return Fault{Code::usage, fmt::format("{} is required.", name)};
    return text;
}

}  // namespace

bool is_id(std::string_view text) {
    if (text.size() != 36) return false;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
        if (dash ? text[i] != '-' : !digit) return false;
    }
    return true;
}

Result<ManagedRow> read_webhook(const json_t* body, const ApiConfig& api, const ApiWorld& world) {
    const Result<std::string> event = needed(body, "event");
    if (!event) return event.fault();
    const Result<std::string> endpoint = needed(body, "endpoint");
    if (!endpoint) return endpoint.fault();
    if (event.value().size() > most_event || !is_event(event.value(), world.plan))
        return Fault{Code::usage, "event is not one that a webhook can be for, like object.created.published."};
    Result<CheckedUrl> url = take_url(endpoint.value(), api, world);
    if (!url) return Fault{Code::usage, "endpoint is refused: " + url.fault().text};

    const Json rest(json_deep_copy(body));
    for (const char* name : not_kept) json_object_del(rest.get(), name);
    ManagedRow managed;
    managed.document = spell_json(rest.get());
    if (managed.document.size() > most_document)
        return Fault{Code::usage, fmt::format("The webhook is larger than {} bytes.", most_document)};
    managed.row.name = new_id();
    managed.title = title_of(event.value());
    Subscription settings = new_settings(api, "cosmic");
    settings.topics = {event.value()};
    settings.url = std::move(url).value();
    describe(managed, settings, api);
    return managed;
}

Json show_webhook(const ManagedRow& managed) {
    Json shown(json_object());
    json_object_set_new(shown.get(), "id", json_of(managed.row.name));
    json_object_set_new(shown.get(), "title", json_of(managed.title));
    json_object_set_new(shown.get(), "event", json_of(managed.row.topics));
    // Not settings_of: a URL that a changed configuration refuses by now is still what the webhook says.
    const Result<Json> settings = parse_json(managed.settings);
    json_object_set_new(shown.get(), "endpoint",
                        json_of(settings ? text_of(settings.value().get(), "url") : managed.row.url));
    if (const Result<Json> rest = parse_json(managed.document))
        json_object_update_missing(shown.get(), rest.value().get());
    return shown;
}

}  // namespace trot::cosmic
