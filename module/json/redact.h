// Redaction: JSON members whose values never enter an event. Only those values change ("[redacted]"); every other byte
// stays. Callers: capture (payloads of exchanges), dispatch (payloads that were fetched). Threads: as the reader given.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/pointer.h"

namespace trot {

// `json` with every member named in `names` (at any depth, without case) replaced, and for a name "=TEXT" every string
// that begins with TEXT. Anything that is not JSON comes back as it is.
std::string redact(std::string json, const std::vector<std::string>& names, JsonReader& scratch);

// The same for a document that `loaded` holds: `json` is its bytes, without white space around them.
std::string redact_loaded(std::string_view json, const std::vector<std::string>& names, JsonReader& loaded,
                          JsonReader& scratch);

// What the "=TEXT" names hide by.
std::vector<std::string_view> beginnings_of(const std::vector<std::string>& names);

}  // namespace trot
