/* An answer on its way down: does it prove a change? Its body is copied up to the cap; where the guarantee is "hold"
 * the header and the body wait in hold.c until the record is durable. */
#include "trotline_nginx.h"

/* Only the upstream's own answer to the client's own request counts. Each condition has a test named after what went
 * wrong without it (engineering.md A4); which statuses count is for the hooks to say. */
static int is_upstreams_own(const ngx_http_request_t* r, const ngx_http_trotline_ctx_t* ctx) {
    const ngx_http_upstream_t* u = r->upstream;
    if (u == NULL || r->header_only || r->post_action || u->upgrade) return 0;
#if (NGX_HTTP_CACHE)
    if (r->cached) return 0;
#endif
    if (r->err_status != 0 || u->headers_in.status_n != r->headers_out.status) return 0;
    if (r->method != ctx->method) return 0; /* error_page to a URI, X-Accel-Redirect: it is a GET by now */
    return u->headers_in.x_accel_redirect == NULL || (u->conf->ignore_headers & NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT);
}

static void abandon(ngx_http_trotline_ctx_t* ctx) {
    if (ctx->capture != NULL) trot_capture_abandon(ctx->capture);
    ctx->capture = NULL;
}

ngx_int_t ngx_http_trotline_header_filter(ngx_http_request_t* r) {
    ngx_http_trotline_ctx_t* ctx = ngx_http_trotline_get_ctx(r);
    if (ctx == NULL) return ngx_http_trotline_next_header(r);
    ngx_http_trotline_restore_codings(ctx);
    if (ctx->answered) ngx_http_trotline_give_way(ctx); /* the second header of one request */
    if (ctx->capture == NULL || ctx->answered) return ngx_http_trotline_next_header(r);
    trot_response response = {0};
    response.size = sizeof response;
    trot_verdict revised = ctx->verdict;
    if (is_upstreams_own(r, ctx)) {
        response.status = (uint32_t)r->headers_out.status;
        response.fields = ngx_http_trotline_fields(r->pool, &r->upstream->headers_in.headers, &response.nfields);
        ngx_http_trotline_late_body(ctx);
    }
    if (response.fields == NULL || trot_capture_response(ctx->capture, &response, &revised) != TROT_OK ||
        revised.action == TROT_IGNORE) {
        abandon(ctx);
        return ngx_http_trotline_next_header(r);
    }
    ctx->answered = 1;
    if (ctx->verdict.action != TROT_HOLD) return ngx_http_trotline_next_header(r);
    ngx_http_trotline_hold(ctx);
    return NGX_OK;
}

/* Where nobody waits for the record, nothing is asked to come back: that would cost the loop as much as the capture. */
static void commit(ngx_http_trotline_ctx_t* ctx, uint32_t parts) {
    ngx_http_request_t* r = ctx->request;
    const int waits = ctx->holding && !ctx->over;
    ngx_http_trotline_token_t* token = waits ? ngx_http_trotline_new_token(ctx, ngx_http_trotline_recorded) : NULL;
    int code = TROT_ENOMEM;
    if (token != NULL || !waits) {
        if (ctx->body_done) parts |= TROT_PART_REQUEST;
        code = trot_capture_commit(ctx->capture, parts, token);
        ctx->capture = NULL;
    }
    abandon(ctx);
    ctx->committed = 1;
    if (code == TROT_OK) {
        ctx->token = token;
        if (waits) ngx_http_trotline_arm_deadline(ctx);
        return;
    }
    ngx_http_trotline_free_token(token);
    ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                  "trotline: the change by \"%V %V\" could not be handed to the recorder (%s)", &r->method_name,
                  &r->unparsed_uri,
                  code == TROT_EFULL      ? "too much waits: [store] queue_bytes says how much may"
                  : code == TROT_ESTOPPED ? "it has stopped"
                                          : "no memory");
}

static void take_answer(void* capture, trot_text bytes) { trot_capture_body(capture, bytes); }

/* Copies what the cap allows, and a byte more, by which the library knows that it was cut. */
static void gather(ngx_http_trotline_ctx_t* ctx, ngx_chain_t* in) {
    const off_t most = (off_t)ctx->verdict.response_cap + 1;
    for (ngx_chain_t* link = in; link != NULL; link = link->next) {
        const off_t size = ngx_buf_size(link->buf);
        if (ctx->capture != NULL && size > 0 && (off_t)ctx->gathered < most) {
            ngx_http_trotline_read_buf(link->buf, most - (off_t)ctx->gathered, take_answer, ctx->capture,
                                       ctx->request->connection->log);
            ctx->gathered += (uint64_t)size;
        }
        if (link->buf->last_buf) ctx->last = 1;
    }
    /* The upstream died in the middle of the body: nginx sends a flush and no last buffer, and has let go of it. */
    if (!ctx->last && in != NULL && ctx->request->upstream->cleanup == NULL) ctx->broke_off = 1;
}

static void commit_when_known(ngx_http_trotline_ctx_t* ctx) {
    if (ctx->capture == NULL) return;
    if (ctx->last)
        commit(ctx, TROT_PART_RESPONSE);
    else if (ctx->broke_off)
        commit(ctx, TROT_ENDED_EARLY);
    else if (ctx->gathered > ctx->verdict.response_cap)
        commit(ctx, 0); /* no more of it is kept: what is known is recorded now */
}

ngx_int_t ngx_http_trotline_body_filter(ngx_http_request_t* r, ngx_chain_t* in) {
    ngx_http_trotline_ctx_t* ctx = ngx_http_trotline_get_ctx(r);
    if (ctx == NULL || !ctx->answered || ctx->over) return ngx_http_trotline_next_body(r, in);
    gather(ctx, in);
    commit_when_known(ctx);
    if (!ctx->holding) {
        if (ctx->committed) ctx->over = 1;
        return ngx_http_trotline_next_body(r, in);
    }
    if (ctx->committed && ctx->token == NULL) ctx->let_go = 1;
    if (ngx_http_trotline_keep(ctx, in) != NGX_OK) return NGX_ERROR;
    if (ctx->let_go) return ngx_http_trotline_let_go(ctx, 0);
    r->buffered |= NGX_HTTP_TROTLINE_BUFFERED;
    if (ngx_http_trotline_holds_too_much(ctx)) ctx->trickling = 1;
    if (ctx->trickling) return ngx_http_trotline_let_go(ctx, 1);
    return ctx->last || ctx->broke_off ? NGX_AGAIN : NGX_OK;
}

/* Captured, but never handed over: the client went away, or nginx gave the answer up. */
ngx_int_t ngx_http_trotline_log(ngx_http_request_t* r) {
    ngx_http_trotline_ctx_t* ctx = ngx_http_trotline_get_ctx(r);
    if (ctx != NULL && ctx->capture != NULL && ctx->answered) commit(ctx, TROT_ENDED_EARLY);
    return NGX_OK;
}

void ngx_http_trotline_forget(void* given) {
    ngx_http_trotline_ctx_t* ctx = given;
    if (ctx->token != NULL) ctx->token->owner = NULL;
    ngx_http_trotline_forget_held(ctx);
    abandon(ctx);
}
