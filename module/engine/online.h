// What a configuration meets on the network (`trotline check --online`): the URL and token_url of each subscription,
// also of the active ones in the store that APIs made, and [hydrate] upstream are probed, many at once, nothing is
// sent. Callers: the door. Threads: any; blocks for as long as the slowest of them, which connect_timeout bounds.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "egress/probe.h"
#include "plan/plan.h"

namespace trot {

struct OnlineFinding {
    std::string at;            // file:line:column of the subscription, or of its [[api]]; [hydrate]: the file
    std::string subscription;  // its name; "API/ID" when an API made it; "" when it is not about one
    std::string of;            // whose it is, for people: "subscription \"shop/12\" and 3 more", "[hydrate]"
    std::string key;  // "url", "token_url", "upstream"; "store": those of APIs cannot be read, `found` says why
    std::string url;  // without the query's values
    ProbeFinding found;
};

// In the order of the plan, then what APIs made, by endpoint: many of theirs may share one.
Result<std::vector<OnlineFinding>> check_online(const Plan& plan, int64_t now_s);

// One JSON object a line.
std::string online_json(const std::vector<OnlineFinding>& findings);

}  // namespace trot
