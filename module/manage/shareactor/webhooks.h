// The routes below /webhooks. Callers: shareactor_api, once it knows who asks and that they may. Threads: the errands';
// every call may block.
#pragma once

#include <string>

#include "manage/api.h"

namespace trot::shareactor {

class Webhooks {
  public:
    Webhooks(const ApiRequest& request, ApiWorld& world, const ApiConfig& api)
        : request_(request), world_(world), api_(api) {}

    Reply create();
    Reply list();    // size, page, sort
    Reply search();  // and query: an id, or what event_type or an attribute holds
    Reply get(const std::string& id);
    Reply update(const std::string& id);
    Reply remove(const std::string& id);
    Reply verify(const std::string& id);
    Reply simulate(const std::string& id);

  private:
    Reply list(const std::string& search);

    const ApiRequest& request_;
    ApiWorld& world_;
    const ApiConfig& api_;
};

}  // namespace trot::shareactor
