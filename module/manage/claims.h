// Claims: requests for the payloads that deliveries with payload = "claim" only point to. Whoever has the URL may ask:
// it is signed (shape/claim.h). Anything that is wrong, over or unknown is 404, without a word why. Callers: the door
// (is_claim, any thread, for every request), front (answers; the errands' thread, which may block).
#pragma once

#include <string_view>

#include "base/clock.h"
#include "manage/reply.h"
#include "manage/request.h"
#include "shape/asker.h"
#include "store/store.h"

namespace trot {

struct Plan;

bool is_claim(const Plan& plan, std::string_view target);

class Claims {
  public:
    Claims(Store& store, const Clock& clock) : store_(store), clock_(clock) {}
    Reply answer(const ManageRequest& request, const Plan& plan);

  private:
    Result<Reply> find(std::string_view rest, const Plan& plan);

    Store& store_;
    const Clock& clock_;
    Asker asker_;
};

}  // namespace trot
