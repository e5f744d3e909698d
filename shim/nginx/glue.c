/* What nginx looks for in a dynamic module, and where this one stands: behind the range filter in the list, so that its
 * filters run before all that changes bytes and see the upstream's own, also in files. (Before the range filter's body
 * and behind its header, where engineering.md A3.5 puts it, a held answer to a Range would be announced short and sent
 * whole.) */
#include "trotline_nginx.h"

#define SEEN __attribute__((visibility("default"))) extern

SEEN ngx_module_t* ngx_modules[];
SEEN char* ngx_module_names[];
SEEN char* ngx_module_order[];

ngx_module_t* ngx_modules[] = {&ngx_http_trotline_module, NULL};
char* ngx_module_names[] = {"ngx_http_trotline_module", NULL};
char* ngx_module_order[] = {"ngx_http_trotline_module", "ngx_http_not_modified_filter_module", NULL};
