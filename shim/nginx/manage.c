/* trotline_manage: a content handler that hands the request to the library and waits for the reply on the loop. */
#include "trotline_nginx.h"

typedef struct {
    ngx_http_request_t* request;
    ngx_http_trotline_token_t* token;
} waiting_t;

static void gone(void* given) {
    waiting_t* waiting = given;
    if (waiting->token != NULL) waiting->token->owner = NULL;
}

static ngx_int_t copy_head(ngx_http_request_t* r, const trot_response* head) {
    r->headers_out.status = head->status;
    for (size_t i = 0; i < head->nfields; i++) {
        const trot_field* from = &head->fields[i];
        u_char* value = ngx_pnalloc(r->pool, from->value.len + 1);
        u_char* name = ngx_pnalloc(r->pool, from->name.len + 1);
        if (value == NULL || name == NULL) return NGX_ERROR;
        ngx_memcpy(value, from->value.at, from->value.len);
        ngx_memcpy(name, from->name.at, from->name.len);
        if (from->name.len == sizeof "content-type" - 1 &&
            ngx_strncasecmp(name, (u_char*)"content-type", sizeof "content-type" - 1) == 0) {
            r->headers_out.content_type.data = value;
            r->headers_out.content_type.len = from->value.len;
            r->headers_out.content_type_len = from->value.len;
            continue;
        }
        ngx_table_elt_t* field = ngx_list_push(&r->headers_out.headers);
        if (field == NULL) return NGX_ERROR;
        field->hash = 1;
        field->key.data = name;
        field->key.len = from->name.len;
        field->value.data = value;
        field->value.len = from->value.len;
    }
    return NGX_OK;
}

static ngx_int_t answer(ngx_http_request_t* r, const trot_reply* reply) {
    trot_response head = {0};
    head.size = sizeof head;
    trot_text body = {NULL, 0};
    trot_reply_read(reply, &head, &body);
    if (copy_head(r, &head) != NGX_OK) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    r->headers_out.content_length_n = (off_t)body.len;
    ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) return rc;
    ngx_buf_t* b = body.len > 0 ? ngx_create_temp_buf(r->pool, body.len) : ngx_calloc_buf(r->pool);
    if (b == NULL) return NGX_ERROR;
    if (body.len > 0) b->last = ngx_cpymem(b->last, body.at, body.len);
    b->last_buf = 1;
    b->last_in_chain = 1;
    ngx_chain_t out = {b, NULL};
    return ngx_http_output_filter(r, &out);
}

static void replied(void* owner, const trot_done* done) {
    waiting_t* waiting = owner;
    ngx_http_request_t* r = waiting->request;
    ngx_connection_t* c = r->connection;
    waiting->token = NULL;
    ngx_http_set_log_request(c->log, r);
    const ngx_int_t rc = done->reply != NULL ? answer(r, done->reply) : NGX_HTTP_SERVICE_UNAVAILABLE;
    trot_reply_drop(done->reply);
    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}

static void take_body(void* to, trot_text bytes) {
    ngx_str_t* body = to;
    ngx_memcpy(body->data + body->len, bytes.at, bytes.len);
    body->len += bytes.len;
}

static ngx_int_t collect(ngx_http_request_t* r, ngx_str_t* body) {
    off_t size = 0;
    ngx_chain_t* bufs = r->request_body != NULL ? r->request_body->bufs : NULL;
    for (const ngx_chain_t* link = bufs; link != NULL; link = link->next) size += ngx_buf_size(link->buf);
    body->len = 0;
    body->data = ngx_pnalloc(r->pool, (size_t)size + 1);
    if (body->data == NULL) return NGX_ERROR;
    for (const ngx_chain_t* link = bufs; link != NULL; link = link->next)
        if (ngx_http_trotline_read_buf(link->buf, size, take_body, body, r->connection->log) != NGX_OK)
            return NGX_ERROR;
    return NGX_OK;
}

static ngx_int_t submit(ngx_http_request_t* r) {
    trot_engine* engine = ngx_http_trotline_engine();
    ngx_str_t body;
    trot_request request;
    if (engine == NULL) return NGX_HTTP_SERVICE_UNAVAILABLE;
    if (collect(r, &body) != NGX_OK || ngx_http_trotline_describe(r, &request) != NGX_OK)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    if (r != r->main) { /* auth_request, mirror: a page of ours by its own name */
        request.target.at = (const char*)r->uri.data;
        request.target.len = r->uri.len;
    }
#if (NGX_HTTP_SSL)
    request.secure = r->connection->ssl != NULL;
#endif
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(r->pool, sizeof(waiting_t));
    if (cleanup == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    waiting_t* waiting = cleanup->data;
    waiting->request = r;
    waiting->token = ngx_http_trotline_new_token(waiting, replied);
    if (waiting->token == NULL) return NGX_HTTP_INTERNAL_SERVER_ERROR;
    cleanup->handler = gone;
    const trot_text text = {(const char*)body.data, body.len};
    if (trot_manage_submit(engine, &request, text, waiting->token) == TROT_OK) return NGX_DONE;
    ngx_http_trotline_free_token(waiting->token);
    waiting->token = NULL;
    return NGX_HTTP_SERVICE_UNAVAILABLE;
}

static void body_is_here(ngx_http_request_t* r) {
    const ngx_int_t rc = submit(r);
    if (rc != NGX_DONE) ngx_http_finalize_request(r, rc);
}

ngx_int_t ngx_http_trotline_manage(ngx_http_request_t* r) {
    const ngx_int_t rc = ngx_http_read_client_request_body(r, body_is_here);
    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}
