// The parameters of GET /webhook_calls. Callers: calls. Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "manage/datocms/answer.h"
#include "store/managed.h"

namespace trot::datocms {

// The delivery that a call's id is of; nothing for what is no such id.
std::optional<int64_t> number_of_call(std::string_view id);

struct CallParameters {
    CallQuery query;         // without `api` and `subscription`
    std::string webhook_id;  // "" all
    bool none = false;       // nothing can fit: ids were asked for that no call has
};

// page[offset], page[limit] (30, at most 500), filter[ids] ("1,2"), filter[fields][X][eq] (X: webhook_id, entity_type,
// event_type, status), filter[fields][X][gt] and [lt] (last_sent_at, next_retry_at, created_at), order_by [C]. What is
// wrong joins `problems`; parameters that we do not know are left alone, filters are not: they would be thought to
// hold.
CallParameters read_parameters(const Fields& query, Problems& problems);

}  // namespace trot::datocms
