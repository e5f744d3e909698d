// Who asks: the token names the tenant and what may be done, and is counted. Callers: datocms. Threads: the errands'.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "manage/api.h"

namespace trot::datocms {

struct Grant {
    const ApiConfig* api = nullptr;  // null: the credential is none of ours
    const ApiKey* key = nullptr;
    std::string counted_as;  // for Limits
};

// "Authorization: Bearer TOKEN" against the keys of all tenants, without an early exit.
Grant grant_of(const ApiRequest& request, const ApiWorld& world);

// What the rate-limit headers say, and whether the request may go on.
struct Allowance {
    int limit = 0;
    int remaining = 0;
    int reset_s = 0;  // until the window ends, rounded up
    bool over = false;
};

// Requests of each token in windows of three seconds. The limit is the seed's (X-RateLimit-Limit 30), the window that
// of DatoCMS's manual [D]. All that come without a good token share one window: who guesses has ten tries a second, and
// nobody else's are used up.
class Limits {
  public:
    Allowance count(const std::string& who, int64_t now_us);

  private:
    struct Window {
        int64_t begin_us = 0;
        int used = 0;
    };
    std::map<std::string, Window, std::less<>> windows_;
};

}  // namespace trot::datocms
