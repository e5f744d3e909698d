// A webhook of Cosmic: out of a request into a row, and out of a row into an answer. Callers: cosmic_api.cc. Threads:
// as ApiHandler's.
#pragma once

#include "base/result.h"
#include "json/tree.h"
#include "manage/api.h"
#include "store/managed.h"

namespace trot::cosmic {

// A new row for what the client sent. The fault is a text for the client.
Result<ManagedRow> read_webhook(const json_t* body, const ApiConfig& api, const ApiWorld& world);

// {"id","title","event","endpoint"} and what the client sent besides.
Json show_webhook(const ManagedRow& managed);

bool is_id(std::string_view text);

}  // namespace trot::cosmic
