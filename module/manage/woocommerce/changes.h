// Making, changing and removing webhooks, for both families: from what a client sent to what the store has to do. What
// is said to a client is durable first. Callers: legacy, rest, batch. Threads: as ApiHandler's; blocks.
#pragma once

#include <optional>
#include <string>

#include "manage/registry.h"
#include "manage/woocommerce/draft.h"

namespace trot::woo {

struct Ask {
    const ApiRequest& request;
    const Place& place;
    const Caller& caller;
    ApiWorld& world;
};

// A webhook to be made, and its ping: a POST of "webhook_id=N" to the new endpoint.
std::optional<Refusal> plan_creation(const Ask& ask, const json_t* said, const json_t* attributes, Change& out);

// managed: as it is now, or as a change before this one will make it.
std::optional<Refusal> plan_change(const Ask& ask, const ManagedRow& managed, const json_t* said,
                                   const json_t* attributes, Change& out);

Change plan_removal(const ManagedRow& managed);

// Is there room for so many more?
std::optional<Refusal> check_room(const Ask& ask, uint64_t more);

// The tenant's webhook of that id; Code::not_found.
Result<ManagedRow> find_webhook(const Ask& ask, const std::string& id);

}  // namespace trot::woo
