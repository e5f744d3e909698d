// Answers as Cosmic gives them: JSON, and errors as {"status":404,"message":"…"} with that status as the HTTP answer's
// too (cosmicjs 3 resolves with such a body, 2 and 4 throw it: both read `message`). Callers: the other files here.
// Threads: pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "json/tree.h"
#include "manage/reply.h"

namespace trot::cosmic {

Reply reply(const json_t* body);
Reply problem(int status, std::string_view message);
// What the store could not do.
Reply store_problem(const Fault& fault);

}  // namespace trot::cosmic
