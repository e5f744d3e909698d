#include "manage/apis.h"
#include "manage/cockpit/cockpit_api.h"
#include "manage/cosmic/cosmic_api.h"
#include "manage/datocms/datocms_api.h"
#include "manage/shareactor/shareactor_api.h"
#include "manage/woocommerce/woocommerce_api.h"

namespace trot {

const std::vector<ApiHandler*>& api_handlers() {
    static const std::vector<ApiHandler*> all = {&woocommerce_api(), &cosmic_api(), &shareactor_api(), &datocms_api(),
                                                 &cockpit_api()};
    return all;
}

}  // namespace trot
