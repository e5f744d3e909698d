/* A client that goes away must not make nginx drop the upstream's answer to a captured request: the change is done by
 * then, and would be unknown (64 of 1,179 aborted writes, measured). proxy_ignore_client_abort is a location's; here it
 * holds for the captured requests of the location alone, so that a reader who leaves still ends the upstream's work.
 *
 * nginx looks at the setting when the upstream request begins (inside the content handler, or later, when the body has
 * come) and when an unbuffered body has been sent up. So it is on while the content handler runs, and afterwards the
 * request has a copy of the configuration in which it is on. The loop is one thread: nobody else sees the first. */
#include "trotline_nginx.h"

void ngx_http_trotline_find_upstreams(ngx_conf_t* cf, ngx_http_trotline_loc_conf_t* conf) {
    /* Each one's location configuration begins with its ngx_http_upstream_conf_t, and is merged before ours. */
    static const char* const names[NGX_HTTP_TROTLINE_UPSTREAMS] = {"ngx_http_proxy_module", "ngx_http_fastcgi_module",
                                                                   "ngx_http_uwsgi_module", "ngx_http_scgi_module",
                                                                   "ngx_http_grpc_module"};
    ngx_http_conf_ctx_t* ctx = cf->ctx;
    for (ngx_uint_t m = 0; cf->cycle->modules[m] != NULL; m++) {
        ngx_module_t* module = cf->cycle->modules[m];
        if (module->type != NGX_HTTP_MODULE) continue;
        for (size_t n = 0; n < NGX_HTTP_TROTLINE_UPSTREAMS; n++) {
            if (ngx_strcmp(module->name, names[n]) != 0) continue;
            ngx_http_trotline_upstream_t* upstream = &conf->upstreams[conf->nupstreams++];
            upstream->usual = ctx->loc_conf[module->ctx_index];
            upstream->steadfast = *upstream->usual;
            upstream->steadfast.ignore_client_abort = 1;
        }
    }
}

static ngx_int_t steadfast_content(ngx_http_request_t* r) {
    ngx_http_trotline_ctx_t* ctx = ngx_http_trotline_get_ctx(r);
    if (ctx == NULL || ctx->content == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    ngx_http_trotline_loc_conf_t* conf = ngx_http_get_module_loc_conf(r, ngx_http_trotline_module);
    ngx_flag_t before[NGX_HTTP_TROTLINE_UPSTREAMS];
    for (size_t i = 0; i < conf->nupstreams; i++) {
        before[i] = conf->upstreams[i].usual->ignore_client_abort;
        conf->upstreams[i].usual->ignore_client_abort = 1;
    }
    const ngx_int_t rc = ctx->content(r);
    for (size_t i = 0; i < conf->nupstreams; i++) {
        conf->upstreams[i].usual->ignore_client_abort = before[i];
        if (r->upstream != NULL && r->upstream->conf == conf->upstreams[i].usual)
            r->upstream->conf = &conf->upstreams[i].steadfast;
    }
    return rc;
}

void ngx_http_trotline_ignore_client_abort(ngx_http_trotline_ctx_t* ctx) {
    ngx_http_request_t* r = ctx->request;
    if (r->content_handler == NULL || r->content_handler == steadfast_content) return;
    ctx->content = r->content_handler;
    r->content_handler = steadfast_content;
}
