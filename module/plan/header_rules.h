// Which headers a subscription may send: no byte that could end a line, no name that frames a message, belongs to a
// hop, or that we sign with (rows "header" of tests/cases/ssrf.tsv). Callers: the subscription table's reader,
// management. Threads: pure function.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"

namespace trot {

// reserved: names in lower case that the format itself sets. The fault says what is wrong and what would be right.
Result<void> check_header(std::string_view name, std::string_view value, const std::vector<std::string_view>& reserved);

}  // namespace trot
