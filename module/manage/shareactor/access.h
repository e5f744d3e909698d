// Who asks: the API key in X-Share-Api-Key (or by its later names X-Kvass-Api-Key, X-Builton-API-Key, in any case) and
// "Authorization: Bearer" with a service account's key or a user's JWT. Callers: shareactor_api. Threads: pure.
#pragma once

#include "manage/api.h"

namespace trot::shareactor {

struct Access {
    const ApiConfig* api = nullptr;  // null: nobody that we know
    const ApiKey* key = nullptr;
    std::string why;  // for the one who asks: which header is missing, or that they are wrong together
};

Access find_access(const ApiRequest& request, const ApiWorld& world);

}  // namespace trot::shareactor
