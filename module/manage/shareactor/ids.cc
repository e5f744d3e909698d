#include "manage/shareactor/ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "crypto/hmac.h"
#include "crypto/ids.h"
#include "dialect/style.h"
#include "json/tree.h"

namespace trot::shareactor {
namespace {

std::string seconds(int64_t ms) { return fmt::format("{:08x}", static_cast<uint32_t>(ms / 1000)); }

}  // namespace

std::string new_id(int64_t now_ms) { return seconds(now_ms) + hex(random_bytes(8)); }

bool is_id(std::string_view text) {
    return text.size() == 24 && std::all_of(text.begin(), text.end(),
                                            [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string event_id(int64_t number) {
    return seconds(id_wall_ms(number)) + fmt::format("{:016x}", static_cast<uint64_t>(number));
}

std::optional<int64_t> event_number(std::string_view id) {
    if (!is_id(id)) return std::nullopt;
    uint64_t number = 0;
    std::from_chars(id.data() + 8, id.data() + id.size(), number, 16);
    if (number == 0 || number > INT64_MAX || event_id(static_cast<int64_t>(number)) != id) return std::nullopt;
    return static_cast<int64_t>(number);
}

bool plain_ids(const ApiConfig& api) { return option(api.options, "ids", "extended") == "plain"; }

bool wants_handshake(const ApiConfig& api) { return option(api.options, "handshake", "true") == "true"; }

void put_own_id(json_t* object, std::string_view id, const ApiConfig& api) {
    put_id(object, "_id", id, api);
    if (plain_ids(api)) put_id(object, "id", id, api);
}

void put_id(json_t* object, const char* member, std::string_view id, const ApiConfig& api) {
    json_t* value = json_of(id);
    if (!plain_ids(api)) value = json_pack("{s:o}", "$oid", value);
    json_object_set_new(object, member, value);
}

void put_date(json_t* object, const char* member, int64_t ms, const ApiConfig& api) {
    json_t* value = json_integer(ms);
    if (!plain_ids(api)) value = json_pack("{s:o}", "$date", value);
    json_object_set_new(object, member, value);
}

}  // namespace trot::shareactor
