// What the dispatcher keeps of each subscription that an API made, whether anything is sent to it or not: little, as
// there may be 100,000. Its endpoint is made when there is something to send. Callers: subscriptions. Threads: the
// dispatcher's.
#pragma once

#include <string>
#include <vector>

#include "dispatch/topics.h"
#include "plan/plan.h"
#include "store/managed.h"

namespace trot {

struct Managed {
    std::string origin;  // "api:NAME"
    std::string topics;  // comma separated
    std::string format;
    std::string filter;  // JSON
    SubscriptionState state = SubscriptionState::active;
    std::string reason;
    int64_t since = 0;
};

Managed managed_of(const SubscriptionRow& row);

// Does it get new deliveries?
bool listens(const Managed& managed);

// Its patterns into the index. only: its API's, joins each of its selectors. as: what [delivery] says for all of them
// (lanes, shape, circles). Fault: its filter cannot be read; then it gets nothing, rather than what it did not ask for.
Result<void> add_managed(TopicIndex& index, int64_t number, const Managed& managed, const std::vector<FilterTerm>& only,
                         const Listener& as);

// The API it was made through; null: the configuration has no such API any more.
const ApiConfig* api_of(const Plan& plan, std::string_view origin);

}  // namespace trot
