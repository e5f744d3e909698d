// Format `woocommerce-ping`: what a WooCommerce shop sends once to the endpoint of a new webhook. The form
// "webhook_id=N" with the shop's User-Agent; none of the X-WC headers and no signature. Only the management API sends
// it: format_names() leaves it out, so that no file can ask for it. Its options are those of `woocommerce`. Callers:
// find_format. Threads: stateless.
#pragma once

#include "dialect/format.h"

namespace trot {

inline constexpr std::string_view woocommerce_ping_name = "woocommerce-ping";

const Format& woocommerce_ping_format();

}  // namespace trot
