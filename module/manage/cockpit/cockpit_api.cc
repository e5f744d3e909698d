#include "manage/cockpit/cockpit_api.h"

namespace trot {
namespace {

class CockpitApi final : public ApiHandler {
  public:
    std::string_view dialect() const override { return "cockpit"; }
    bool owns(std::string_view /*path*/, std::string_view /*raw_query*/) const override { return false; }
    Reply answer(const ApiRequest& /*request*/, ApiWorld& /*world*/) override { return {404, {}, {}}; }
};

}  // namespace

ApiHandler& cockpit_api() {
    static CockpitApi api;
    return api;
}

}  // namespace trot
