// Redaction: JSON members whose values never enter an event. Only those values change ("[redacted]"); every other byte
// stays. Callers: payload, condition. Threads: as the reader given.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/pointer.h"
#include "plan/plan.h"

namespace trot {

// `json` with every member named in `names` (at any depth, without case) replaced, and for a name "=TEXT" every string
// that begins with TEXT. Anything that is not JSON comes back as it is.
std::string redact(std::string json, const std::vector<std::string>& names, JsonReader& scratch);

// The same for a document that `loaded` holds: `json` is its bytes, without white space around them.
std::string redact_loaded(std::string_view json, const std::vector<std::string>& names, JsonReader& loaded,
                          JsonReader& scratch);

// Does the text begin as those that `names` hide by their beginning?
bool is_redacted_text(std::string_view text, const std::vector<std::string>& names);

// Would the value of that source be redacted, going by its last step or its name?
bool is_redacted_source(const Source& source, const std::vector<std::string>& names);

}  // namespace trot
