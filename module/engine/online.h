// What a configuration meets on the network (`trotline check --online`): each subscription's URL and token_url is
// probed, many at once, nothing is sent. Callers: the door. Threads: any; blocks for as long as the slowest of them,
// which connect_timeout bounds.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "egress/probe.h"
#include "plan/plan.h"

namespace trot {

struct OnlineFinding {
    std::string at;            // file:line:column of the subscription
    std::string subscription;  // its name
    std::string url;           // without the query's values
    bool of_token = false;     // its token_url
    Finding found;
};

// In the order of the plan.
Result<std::vector<OnlineFinding>> check_online(const Plan& plan, int64_t now_s);

// One JSON object a line.
std::string online_json(const std::vector<OnlineFinding>& findings);

}  // namespace trot
