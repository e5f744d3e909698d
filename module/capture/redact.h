// Redaction of what is not in a JSON body (that is json/redact.h): texts, and sources by their name. Callers: payload,
// condition, wording. Threads: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/redact.h"
#include "plan/plan.h"

namespace trot {

// Does the text begin as those that `names` hide by their beginning?
bool is_redacted_text(std::string_view text, const std::vector<std::string>& names);

// Would the value of that source be redacted, going by its last step or its name?
bool is_redacted_source(const Source& source, const std::vector<std::string>& names);

}  // namespace trot
