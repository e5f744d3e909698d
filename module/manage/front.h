// Front: a management request → the published key set, the API it is for, or the admin pages. Callers: engine. Threads:
// the errands'.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "manage/admin.h"
#include "manage/claims.h"
#include "manage/registry.h"

namespace trot {

struct ApiMatch;
struct Plan;

class Front {
  public:
    // store: null when it could not be opened. changed: see Registry.
    Front(const AdminSources& sources, Store* store, std::function<void()> changed);
    ~Front();
    Reply answer(const ManageRequest& request, const Plan& plan);

  private:
    Reply answer_api(const ManageRequest& request, const Plan& plan, const ApiMatch& match);

    Admin admin_;
    Clock& clock_;
    std::unique_ptr<Registry> registry_;
    std::unique_ptr<Claims> claims_;
};

}  // namespace trot
