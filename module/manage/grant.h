// Grant: what a secret that came with a request allows, for the systems whose credential is one word (a key in the body
// or the query, a token in a header). Callers: handlers. Threads: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "manage/api.h"

namespace trot {

struct Grant {
    const ApiConfig* api = nullptr;  // null: nobody's secret
    bool read = false, write = false;
};

// shown: all that the request offers. The first API that knows one of them; the rights of several keys of it add up.
// Every key is compared with everything shown, whatever was found before.
Grant grant_of(const std::vector<const ApiConfig*>& tenants, const std::vector<std::string_view>& shown);

// The token of an Authorization header, with "Bearer" before it or without. Empty when there is none; another scheme
// is no token.
std::string_view token_of(const Fields& fields);

}  // namespace trot
