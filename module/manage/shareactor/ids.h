// Ids and dates as ShareActor spells them: ids are MongoDB's (24 hex digits: seconds since 1970 and eight bytes more),
// as {"$oid":"…"}, dates {"$date":ms}; in Builton's plain form of 2019 they are a string and a number. Callers: this
// folder. Threads: pure.
#pragma once

#include <jansson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plan/plan.h"

namespace trot::shareactor {

std::string new_id(int64_t now_ms);  // that nobody can guess
bool is_id(std::string_view text);

// An event's id is its number behind the second in which it was made.
std::string event_id(int64_t number);
std::optional<int64_t> event_number(std::string_view id);

// The API's options `ids` and `handshake`.
bool plain_ids(const ApiConfig& api);
bool wants_handshake(const ApiConfig& api);

// Member "_id", and in the plain form "id" as well: Builton's own client looks for `_id.$oid`, else for `id`.
void put_own_id(json_t* object, std::string_view id, const ApiConfig& api);
void put_id(json_t* object, const char* member, std::string_view id, const ApiConfig& api);
void put_date(json_t* object, const char* member, int64_t ms, const ApiConfig& api);

}  // namespace trot::shareactor
