// Needs: what of an exchange the plan's hooks could ever ask for, so that a capture copies no more (and keeps no
// Authorization or Cookie field by accident). Callers: the door, once a plan and then for each captured exchange.
// Threads: immutable.
#pragma once

#include <algorithm>
#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace trot {

// Names of fields, lower case. A message has a dozen fields of which one or two are wanted, and the host's loop asks
// for each: nearly all are turned away by their length.
class FieldNames {
  public:
    void add(std::string_view name);
    bool has(std::string_view name) const { return lengths_[length(name)] && listed(name); }

  private:
    static size_t length(std::string_view name) { return std::min<size_t>(name.size(), 63); }
    bool listed(std::string_view name) const;

    std::vector<std::string> names_;
    std::bitset<64> lengths_;  // that a name has; the last one stands for all that are longer
};

struct Needs {
    FieldNames request_fields, response_fields;
    bool request_body = false;
    std::bitset<1000> statuses;  // those that some hook wants

    bool wants_request_field(std::string_view name) const { return request_fields.has(name); }
    bool wants_response_field(std::string_view name) const { return response_fields.has(name); }
    bool wants_status(int status) const {
        return status > 0 && status < 1000 && statuses.test(static_cast<size_t>(status));
    }
};

Needs needs_of(const Plan& plan);

}  // namespace trot
