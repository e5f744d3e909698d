/* What nginx looks for in a dynamic module, and where this one stands: behind the copy filter in the list, so that its
 * filters run before it and see the upstream's own bytes and files (engineering.md A3.5). */
#include "trotline_nginx.h"

#define SEEN __attribute__((visibility("default"))) extern

SEEN ngx_module_t* ngx_modules[];
SEEN char* ngx_module_names[];
SEEN char* ngx_module_order[];

ngx_module_t* ngx_modules[] = {&ngx_http_trotline_module, NULL};
char* ngx_module_names[] = {"ngx_http_trotline_module", NULL};
char* ngx_module_order[] = {"ngx_http_trotline_module", "ngx_http_range_body_filter_module", NULL};
