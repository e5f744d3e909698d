// Why a hook was not even a candidate: method, path or query. For people; builds a matcher a hook, so never on the hot
// path. Callers: evaluate. Threads: pure.
#pragma once

#include <string>

#include "capture/exchange.h"

namespace trot {

std::string why_no_candidate(const Hook& hook, const Exchange& exchange);

}  // namespace trot
