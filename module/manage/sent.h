// What was sent to an endpoint, and what it answered: for the APIs that show their deliveries. The request is made
// again from event and subscription, whose bytes are a pure function (dialect/format.h), so that no request is kept;
// the answer is what the attempt has. Callers: handlers. Threads: pure.
#pragma once

#include <string>
#include <vector>

#include "base/text.h"
#include "plan/plan.h"
#include "store/managed.h"

namespace trot {

struct Sent {
    std::string url;
    Fields headers;  // in their order, as sent
    std::string body;
};

struct Answered {
    int status = 0;       // 0: there was no answer
    std::string message;  // "OK"; of a failure what it was: "timeout"
    Fields headers;       // as received
    std::string body;     // the first 4 KiB
};

// attempt: which one, from 1. settings: the subscription's, as they are now. Code::not_found when retention has removed
// the event.
Result<Sent> sent_request(const Call& call, const Subscription& settings, unsigned attempt, int64_t at_ms);
Answered answer_of(const Attempt& attempt);

// The settings in a row, as its client may see and change them: without what [[api]] adds to its deliveries.
// Code::damaged when they cannot be read.
Result<Subscription> settings_of(const ManagedRow& managed, const Plan& plan);

// What a row says of its settings for lists and for the topic index: url, topics, format, filter. (The API's `only` is
// not in it: the dispatcher adds what it is at the time.)
void describe(ManagedRow& managed, const Subscription& settings, const ApiConfig& api);

// Standard values of a new subscription of that format: schedule, timeouts, disable_after, the API's options.
Subscription new_settings(const ApiConfig& api, std::string_view format);

}  // namespace trot
