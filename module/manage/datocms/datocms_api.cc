#include "manage/datocms/datocms_api.h"

namespace trot {
namespace {

class DatocmsApi final : public ApiHandler {
  public:
    std::string_view dialect() const override { return "datocms"; }
    bool owns(std::string_view /*path*/, std::string_view /*raw_query*/) const override { return false; }
    Reply answer(const ApiRequest& /*request*/, ApiWorld& /*world*/) override { return {404, {}, {}}; }
};

}  // namespace

ApiHandler& datocms_api() {
    static DatocmsApi api;
    return api;
}

}  // namespace trot
