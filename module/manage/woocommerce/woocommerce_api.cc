#include "manage/woocommerce/woocommerce_api.h"

namespace trot {
namespace {

class WoocommerceApi final : public ApiHandler {
  public:
    std::string_view dialect() const override { return "woocommerce"; }
    bool owns(std::string_view /*path*/, std::string_view /*raw_query*/) const override { return false; }
    Reply answer(const ApiRequest& /*request*/, ApiWorld& /*world*/) override { return {404, {}, {}}; }
};

}  // namespace

ApiHandler& woocommerce_api() {
    static WoocommerceApi api;
    return api;
}

}  // namespace trot
