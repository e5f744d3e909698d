// DatoCMS's answers: JSON:API in the shape its clients know. They take nothing whose Content-Type is not
// application/json, read 202 as a job (so it is never answered) and 204 as nothing [C]. Callers: datocms. Threads:
// pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/tree.h"
#include "manage/reply.h"

namespace trot::datocms {

// One entry of an error's `data`. Clients look for `code` and in `details`.
struct Problem {
    std::string code;  // "NOT_FOUND"
    Json details{json_object()};
};
using Problems = std::vector<Problem>;

// INVALID_FIELD of an attribute: {"field","code","message"}. The message is ours: for people.
Problem invalid_field(std::string_view field, std::string_view code, std::string_view message);
// INVALID_FORMAT of what is not in the API's shape: {"messages":[…]}.
Problem invalid_format(std::string_view message);

Reply refusal(int status, const Problems& problems);
Reply refusal(int status, std::string_view code);  // without details
Reply not_found();
// Of a store that could not be read or written.
Reply unavailable();
Reply of_fault(const Fault& fault);  // one of these two

Reply document(const Json& body);
Reply nothing();  // 204

}  // namespace trot::datocms
