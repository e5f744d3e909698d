#include "manage/cosmic/cosmic_api.h"

namespace trot {
namespace {

class CosmicApi final : public ApiHandler {
  public:
    std::string_view dialect() const override { return "cosmic"; }
    bool owns(std::string_view /*path*/, std::string_view /*raw_query*/) const override { return false; }
    Reply answer(const ApiRequest& /*request*/, ApiWorld& /*world*/) override { return {404, {}, {}}; }
};

}  // namespace

ApiHandler& cosmic_api() {
    static CosmicApi api;
    return api;
}

}  // namespace trot
