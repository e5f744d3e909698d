// The members of Cockpit's webhook object that a delivery is made from. Cockpit checks none of them; what would not
// work, or would write into a request's head, is refused here. Callers: cockpit_webhook.cc. Threads: pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "crypto/secret.h"
#include "json/tree.h"

namespace trot::cockpit {

// Faults are texts for the client.
Result<std::string> read_name(const json_t* webhook);
Result<std::string> read_url(const json_t* webhook);                  // trimmed; not looked into
Result<Secret> read_auth(const json_t* webhook);                      // "Basic …"; empty unless both halves are there
Result<Fields> read_headers(const json_t* webhook);                   // without those that have no name or no value
Result<std::vector<std::string>> read_events(const json_t* webhook);  // each once
Result<bool> read_active(const json_t* webhook);                      // true when it is not there, as in Cockpit's form

}  // namespace trot::cockpit
