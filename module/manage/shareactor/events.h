// The routes below /events: what the store has recorded, as far as this API may see it. Callers: shareactor_api, once
// it knows who asks and that they may. Threads: the errands'; every call may block.
//
// A list looks at the newest 10,000 events of its time range (EventQuery::most), so that its cost has a bound: older
// ones are found by from_date and to_date, or by their id. Payloads come to 8 MiB of a page; the `object` of events
// beyond is null there, and whole at /events/ID.
#pragma once

#include <string>

#include "manage/api.h"
#include "store/managed.h"

namespace trot::shareactor {

class Events {
  public:
    Events(const ApiRequest& request, ApiWorld& world, const ApiConfig& api)
        : request_(request), world_(world), api_(api) {}

    Reply list();                            // size, page, sort, from_date, to_date
    Reply search(const std::string* query);  // and what is looked for: an id, or part of a kind
    Reply get(const std::string& id);

  private:
    EventQuery of_tenant() const;
    std::string spell(const Event& event) const;

    const ApiRequest& request_;
    ApiWorld& world_;
    const ApiConfig& api_;
};

}  // namespace trot::shareactor
