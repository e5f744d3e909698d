// One request of one who may ask. Callers: datocms. Threads: the errands'.
#pragma once

#include "manage/api.h"

namespace trot::datocms {

struct Visit {
    const ApiRequest& request;
    ApiWorld& world;
    const ApiConfig& api;  // the tenant
    int version = 3;       // X-Api-Version
};

}  // namespace trot::datocms
