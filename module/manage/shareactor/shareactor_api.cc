#include "manage/shareactor/shareactor_api.h"

namespace trot {
namespace {

class ShareactorApi final : public ApiHandler {
  public:
    std::string_view dialect() const override { return "shareactor"; }
    bool owns(std::string_view /*path*/, std::string_view /*raw_query*/) const override { return false; }
    Reply answer(const ApiRequest& /*request*/, ApiWorld& /*world*/) override { return {404, {}, {}}; }
};

}  // namespace

ApiHandler& shareactor_api() {
    static ShareactorApi api;
    return api;
}

}  // namespace trot
