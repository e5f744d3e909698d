// Which resource of WooCommerce's API a request names, in all the spellings that WordPress takes: by path, below
// "/index.php", or in the query ("?rest_route=/wc/v3/webhooks", "?wc-api-version=2&wc-api-route=/webhooks"). A route in
// the query wins, as it does there. Callers: woocommerce_api.cc. Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trot::woo {

enum class Family {
    legacy,  // /wc-api/v1, v2, v3
    rest     // /wp-json/wc/v1, v2, v3
};

struct Place {
    enum class What { collection, count, batch, item, deliveries, delivery, nothing };
    Family family = Family::legacy;
    int version = 2;  // 1, 2 or 3
    What what = What::nothing;
    std::string id, delivery;  // decimal without leading zeros; "" or "0" is none
};

// path: behind the API's prefix. None: it is not about webhooks, and the upstream's to answer.
std::optional<Place> read_place(std::string_view path, std::string_view raw_query);

}  // namespace trot::woo
