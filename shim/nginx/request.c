/* A request on its way up: could a hook want it? If so a capture is opened, its body is copied as it is read, and
 * codings that nobody here can undo are taken out of Accept-Encoding. */
#include "trotline_nginx.h"

#define OVERRIDE "x-http-method-override"

static trot_text text_of(const ngx_str_t* from) {
    const trot_text text = {(const char*)from->data, from->len};
    return text;
}

trot_field* ngx_http_trotline_fields(ngx_pool_t* pool, ngx_list_t* list, size_t* count) {
    size_t most = 0;
    for (ngx_list_part_t* part = &list->part; part != NULL; part = part->next) most += part->nelts;
    trot_field* fields = ngx_palloc(pool, (most + 1) * sizeof *fields);
    *count = 0;
    if (fields == NULL) return NULL;
    for (ngx_list_part_t* part = &list->part; part != NULL; part = part->next) {
        const ngx_table_elt_t* one = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (one[i].hash == 0) continue; /* removed */
            fields[*count].name = text_of(&one[i].key);
            fields[*count].value = text_of(&one[i].value);
            ++*count;
        }
    }
    return fields;
}

/* Everything but the fields. */
static void describe_head(ngx_http_request_t* r, trot_request* out) {
    const ngx_http_core_loc_conf_t* core = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    ngx_memzero(out, sizeof *out);
    out->size = sizeof *out;
    out->method = text_of(&r->method_name);
    out->target = text_of(&r->unparsed_uri);
    out->host = text_of(r->headers_in.host != NULL ? &r->headers_in.host->value : &r->headers_in.server);
    out->zone = text_of(&core->name);
}

ngx_int_t ngx_http_trotline_describe(ngx_http_request_t* r, trot_request* out) {
    describe_head(r, out);
    out->fields = ngx_http_trotline_fields(r->pool, &r->headers_in.headers, &out->nfields);
    return out->fields != NULL ? NGX_OK : NGX_ERROR;
}

/* Judging asks for one field only; most requests end here. */
static size_t find_override(ngx_http_request_t* r, trot_field* out) {
    for (ngx_list_part_t* part = &r->headers_in.headers.part; part != NULL; part = part->next) {
        const ngx_table_elt_t* one = part->elts;
        for (ngx_uint_t i = 0; i < part->nelts; i++) {
            if (one[i].key.len != sizeof OVERRIDE - 1 ||
                ngx_strncasecmp(one[i].key.data, (u_char*)OVERRIDE, sizeof OVERRIDE - 1) != 0)
                continue;
            out->name = text_of(&one[i].key);
            out->value = text_of(&one[i].value);
            return 1;
        }
    }
    return 0;
}

ngx_http_trotline_ctx_t* ngx_http_trotline_find_ctx(ngx_http_request_t* r) {
    for (ngx_pool_cleanup_t* cleanup = r->pool->cleanup; cleanup != NULL; cleanup = cleanup->next) {
        if (cleanup->handler != ngx_http_trotline_forget) continue;
        ngx_http_set_ctx(r, cleanup->data, ngx_http_trotline_module);
        return cleanup->data;
    }
    return NULL;
}

static int known_coding(const u_char* at, size_t len) {
    static const ngx_str_t known[] = {ngx_string("gzip"), ngx_string("x-gzip"),   ngx_string("deflate"),
                                      ngx_string("br"),   ngx_string("identity"), ngx_null_string};
    for (size_t i = 0; known[i].len != 0; i++)
        if (len == known[i].len && ngx_strncasecmp((u_char*)at, known[i].data, len) == 0) return 1;
    return 0;
}

/* The list element is what the proxy forwards; the header filter puts the client's own words back, for nginx's gzip. */
static ngx_int_t drop_unknown_codings(ngx_http_trotline_ctx_t* ctx) {
    ngx_http_request_t* r = ctx->request;
#if (NGX_HTTP_GZIP || NGX_HTTP_HEADERS)
    ngx_table_elt_t* field = r->headers_in.accept_encoding;
    if (field == NULL) return NGX_OK;
    const u_char* at = field->value.data;
    const u_char* end = at + field->value.len;
    u_char* kept = ngx_pnalloc(r->pool, field->value.len + sizeof "identity");
    if (kept == NULL) return NGX_ERROR;
    u_char* to = kept;
    int dropped = 0;
    while (at < end) {
        const u_char* comma = ngx_strlchr((u_char*)at, (u_char*)end, ',');
        const u_char* stop = comma != NULL ? comma : end;
        while (at < stop && (*at == ' ' || *at == '\t')) at++;
        const u_char* last = stop;
        while (last > at && (last[-1] == ' ' || last[-1] == '\t')) last--;
        const u_char* name = at;
        while (name < last && *name != ';' && *name != ' ' && *name != '\t') name++;
        if (known_coding(at, (size_t)(name - at))) {
            if (to != kept) *to++ = ',';
            to = ngx_cpymem(to, at, (size_t)(last - at));
        } else if (last > at) {
            dropped = 1;
        }
        at = comma != NULL ? comma + 1 : end;
    }
    if (!dropped) return NGX_OK;
    if (to == kept) to = ngx_cpymem(to, "identity", sizeof "identity" - 1);
    ctx->accept_encoding = field;
    ctx->accepted = field->value;
    field->value.data = kept;
    field->value.len = (size_t)(to - kept);
#endif
    return NGX_OK;
}

void ngx_http_trotline_restore_codings(ngx_http_trotline_ctx_t* ctx) {
    if (ctx->accept_encoding == NULL) return;
    ctx->accept_encoding->value = ctx->accepted;
    ctx->accept_encoding = NULL;
}

static ngx_int_t refuse(ngx_http_request_t* r) {
    ngx_table_elt_t* field = ngx_list_push(&r->headers_out.headers);
    if (field == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    field->hash = 1;
    ngx_str_set(&field->key, "Retry-After");
    ngx_str_set(&field->value, "5");
    return NGX_HTTP_SERVICE_UNAVAILABLE;
}

static ngx_int_t open_capture(ngx_http_request_t* r, const trot_plan* plan, trot_verdict* verdict) {
    trot_request request;
    if (ngx_http_trotline_describe(r, &request) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_trotline_ctx_t));
    if (cleanup == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    ngx_http_trotline_ctx_t* ctx = cleanup->data;
    ngx_memzero(ctx, sizeof *ctx);
    const int code = trot_capture_open(ngx_http_trotline_engine(), plan, &request, verdict, &ctx->capture);
    if (verdict->action == TROT_REJECT) return refuse(r);
    if (code != TROT_OK || ctx->capture == NULL) return NGX_DECLINED; /* counted by the library */
    ctx->request = r;
    ctx->verdict = *verdict;
    ctx->method = r->method;
    ctx->held_last = &ctx->held;
    ctx->held_ms = -1;
    cleanup->handler = ngx_http_trotline_forget;
    ngx_http_set_ctx(r, ctx, ngx_http_trotline_module);
    ngx_http_trotline_ignore_client_abort(ctx);
    if (drop_unknown_codings(ctx) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    return NGX_DECLINED;
}

ngx_int_t ngx_http_trotline_mark(ngx_http_request_t* r) {
    const ngx_http_trotline_loc_conf_t* conf = ngx_http_get_module_loc_conf(r, ngx_http_trotline_module);
    ngx_http_trotline_ctx_t* ctx = ngx_http_trotline_get_ctx(r);
    if (ctx != NULL) { /* here again after an internal redirect */
        if (!conf->on && ctx->capture != NULL) {
            trot_capture_abandon(ctx->capture);
            ctx->capture = NULL;
        }
        if (ctx->capture != NULL) ngx_http_trotline_ignore_client_abort(ctx);
        return NGX_DECLINED;
    }
    if (!conf->on || r != r->main || ngx_http_trotline_engine() == NULL) return NGX_DECLINED;
    const ngx_http_trotline_main_conf_t* all = ngx_http_get_module_main_conf(r, ngx_http_trotline_module);
    trot_request request;
    trot_field override;
    describe_head(r, &request);
    request.nfields = all->overrides ? find_override(r, &override) : 0;
    request.fields = request.nfields > 0 ? &override : NULL;
    trot_verdict verdict = {0};
    verdict.size = sizeof verdict;
    if (trot_plan_judge(all->plan, &request, &verdict) != TROT_OK || verdict.action == TROT_IGNORE) return NGX_DECLINED;
    return open_capture(r, all->plan, &verdict);
}

static void take_request(void* capture, trot_text bytes) { trot_capture_request(capture, bytes); }

/* Gives a piece of the request's body to the library as far as its cap goes (0: no hook asks for it), and a byte more,
 * by which it knows that the body was cut. */
static ngx_int_t gather(ngx_http_trotline_ctx_t* ctx, ngx_buf_t* b) {
    const off_t most = (off_t)ctx->verdict.request_cap + 1 - (off_t)ctx->asked;
    const off_t size = ngx_buf_size(b);
    if (ctx->verdict.request_cap == 0 || most <= 0 || size <= 0) return NGX_OK;
    ctx->asked += (uint64_t)size;
    return ngx_http_trotline_read_buf(b, most, take_request, ctx->capture, ctx->request->connection->log);
}

ngx_int_t ngx_http_trotline_request_body(ngx_http_request_t* r, ngx_chain_t* in) {
    ngx_http_trotline_ctx_t* ctx = ngx_http_trotline_get_ctx(r);
    if (ctx != NULL && ctx->capture != NULL && !ctx->body_done) {
        ctx->body_seen = 1;
        for (const ngx_chain_t* link = in; link != NULL; link = link->next) {
            gather(ctx, link->buf);
            if (link->buf->last_buf) ctx->body_done = 1;
        }
    }
    return ngx_http_trotline_next_request_body(r, in);
}

void ngx_http_trotline_late_body(ngx_http_trotline_ctx_t* ctx) {
    ngx_http_request_t* r = ctx->request;
    if (ctx->body_seen) return;
    if (r->request_body == NULL) { /* nobody asked for one: there is none, or it was not sent up */
        ctx->body_done = r->headers_in.content_length_n <= 0 && !r->headers_in.chunked;
        return;
    }
    for (const ngx_chain_t* link = r->request_body->bufs; link != NULL; link = link->next)
        if (gather(ctx, link->buf) != NGX_OK) return;
    ctx->body_done = r->request_body->rest == 0;
}
