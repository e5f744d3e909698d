// Answers as Cockpit gives them: JSON in PHP's spelling, errors as {"error":"…"}. Always called JSON: the original
// calls some of it text/html, in which a webhook's name would be markup to a browser. Callers: cockpit_api.cc. Threads:
// pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "json/tree.h"
#include "manage/reply.h"

namespace trot::cockpit {

Reply reply(const json_t* body);
Reply problem(int status, std::string_view what);
// What the store could not do.
Reply store_problem(const Fault& fault);

}  // namespace trot::cockpit
