// Needs: what of an exchange the plan's hooks could ever ask for, so that a capture copies no more (and keeps no
// Authorization or Cookie field by accident). Callers: the door, once a plan and then for each captured exchange.
// Threads: immutable.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace trot {

struct Needs {
    std::vector<std::string> request_fields, response_fields;  // lower case
    bool request_body = false;
    std::bitset<1000> statuses;  // those that some hook wants

    bool wants_request_field(std::string_view name) const;
    bool wants_response_field(std::string_view name) const;
    bool wants_status(int status) const {
        return status > 0 && status < 1000 && statuses.test(static_cast<size_t>(status));
    }
};

Needs needs_of(const Plan& plan);

}  // namespace trot
