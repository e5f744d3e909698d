/* For the access log: $trotline_event and $trotline_topics (of what was recorded before the line is written, so with
 * guarantee "hold"), $trotline_hold_time in seconds. */
#include "trotline_nginx.h"

static ngx_int_t empty(ngx_http_variable_value_t* v) {
    v->not_found = 1;
    return NGX_OK;
}

static ngx_int_t found(ngx_http_variable_value_t* v, u_char* at, size_t len) {
    v->valid = 1;
    v->no_cacheable = 1;
    v->not_found = 0;
    v->data = at;
    v->len = (unsigned)len & 0xfffffff; /* a bit field */
    return NGX_OK;
}

static ngx_int_t text(ngx_http_request_t* r, ngx_http_variable_value_t* v, uintptr_t offset) {
    ngx_http_trotline_ctx_t* ctx = ngx_http_trotline_get_ctx(r->main);
    if (ctx == NULL) return empty(v);
    const ngx_str_t* value = (const ngx_str_t*)((const char*)ctx + offset);
    return value->len == 0 ? empty(v) : found(v, value->data, value->len);
}

static ngx_int_t hold_time(ngx_http_request_t* r, ngx_http_variable_value_t* v, uintptr_t unused) {
    (void)unused;
    ngx_http_trotline_ctx_t* ctx = ngx_http_trotline_get_ctx(r->main);
    if (ctx == NULL || ctx->held_ms < 0) return empty(v);
    u_char* at = ngx_pnalloc(r->pool, NGX_TIME_T_LEN + 4);
    if (at == NULL) return NGX_ERROR;
    const u_char* end = ngx_sprintf(at, "%T.%03M", (time_t)ctx->held_ms / 1000, (ngx_msec_t)ctx->held_ms % 1000);
    return found(v, at, (size_t)(end - at));
}

ngx_int_t ngx_http_trotline_add_variables(ngx_conf_t* cf) {
    static const struct {
        ngx_str_t name;
        ngx_http_get_variable_pt get;
        uintptr_t data;
    } all[] = {{ngx_string("trotline_event"), text, offsetof(ngx_http_trotline_ctx_t, ids)},
               {ngx_string("trotline_topics"), text, offsetof(ngx_http_trotline_ctx_t, topics)},
               {ngx_string("trotline_hold_time"), hold_time, 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ngx_str_t name = all[i].name;
        ngx_http_variable_t* variable = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
        if (variable == NULL) return NGX_ERROR;
        variable->get_handler = all[i].get;
        variable->data = all[i].data;
    }
    return NGX_OK;
}
