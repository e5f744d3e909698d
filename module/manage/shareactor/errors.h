// ShareActor's answers. Success is the object itself; the shape of an error is not documented beyond "JSON", so there
// is one: {"message","status"} and, where fields of the request are wrong, "errors": {field: what would be right}.
// Callers: this folder. Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "manage/reply.h"

namespace trot::shareactor {

Reply json_reply(int status, std::string body);

// wrong: fields of the body or parameters of the query, and what is wrong with each.
Reply problem(int status, std::string_view message, const Fields& wrong = {});

// What the store says no to. The text stays with us: it is for the operator.
Reply store_problem(const Fault& fault);

}  // namespace trot::shareactor
