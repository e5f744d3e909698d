/* What waits: the header (not sent: the header filter answered for it), the body's bytes as copies, so that the
 * upstream gets its buffers back, and the parts of it that lie in a temporary file as references. Nothing of it reaches
 * the client before the record is durable, or hold_ms is over. A body that is larger than what may wait, or takes
 * longer than hold_ms to come, is let through but for its tail: a client that has not got the end has not seen the
 * change succeed. */
#include "trotline_nginx.h"

#define OURS ((ngx_buf_tag_t)&ngx_http_trotline_module)

/* In the pools of requests, so until they end: what has gone out is not given back before. */
static size_t held_by_all;

static void count_held(ngx_http_trotline_ctx_t* ctx, size_t bytes) {
    held_by_all += bytes - ctx->held_bytes;
    ctx->held_bytes = bytes;
}

int ngx_http_trotline_holds_too_much(const ngx_http_trotline_ctx_t* ctx) {
    return ctx->held_bytes > NGX_HTTP_TROTLINE_HELD_MOST || held_by_all > NGX_HTTP_TROTLINE_HELD_ALL;
}

static void do_not_read(ngx_event_t* ev);

static void read_again(ngx_http_trotline_ctx_t* ctx) {
    ngx_event_t* ev = ctx->request->connection->read;
    if (ctx->reading != NULL && ev->handler == do_not_read) ev->handler = ctx->reading;
    ctx->reading = NULL;
}

/* A client that has shut its side (it may, once its request is out) would be closed by nginx, which looks for that
 * whenever it waits to write. */
static void do_not_read(ngx_event_t* ev) {
    ngx_connection_t* c = ev->data;
    if (!c->close) return; /* it stays ready, and is looked at when the answer is out */
    ngx_http_trotline_ctx_t* ctx = ngx_http_trotline_get_ctx(c->data);
    if (ctx != NULL) read_again(ctx);
    if (ev->handler != do_not_read) ev->handler(ev);
}

void ngx_http_trotline_hold(ngx_http_trotline_ctx_t* ctx) {
    ngx_connection_t* c = ctx->request->connection;
#if (NGX_HTTP_V2)
    const int own_connection = ctx->request->stream == NULL;
#else
    const int own_connection = 1;
#endif
    if (own_connection) {
        ctx->reading = c->read->handler;
        c->read->handler = do_not_read;
    }
    ctx->holding = 1;
    ctx->keepalive = ctx->request->keepalive;
    ctx->held_since = ngx_current_msec;
    ngx_http_trotline_arm_deadline(ctx);
}

static ngx_int_t append(ngx_http_trotline_ctx_t* ctx, ngx_buf_t* b) {
    ngx_chain_t* link = ngx_alloc_chain_link(ctx->request->pool);
    if (link == NULL) return NGX_ERROR;
    link->buf = b;
    link->next = NULL;
    *ctx->held_last = link;
    ctx->held_last = &link->next;
    return NGX_OK;
}

static ngx_int_t append_special(ngx_http_trotline_ctx_t* ctx, ngx_uint_t last) {
    ngx_buf_t* b = ngx_calloc_buf(ctx->request->pool);
    if (b == NULL) return NGX_ERROR;
    b->last_buf = last;
    b->last_in_chain = last;
    b->flush = !last;
    return append(ctx, b);
}

static void take_copy(void* to, trot_text bytes) {
    ngx_buf_t* b = to;
    b->last = ngx_cpymem(b->last, bytes.at, bytes.len);
}

/* A temporary file that nginx writes in circles would change under a reference. */
static int stays_in_file(const ngx_http_trotline_ctx_t* ctx, ngx_buf_t* b) {
    return !ngx_buf_in_memory(b) && b->in_file && !ctx->request->upstream->conf->cyclic_temp_file;
}

/* The upstream is done, so nothing will be read into its buffers any more; they live as long as the request. Most
 * answers are small and come in one piece, and need no copy then. */
static int stays_in_memory(const ngx_http_trotline_ctx_t* ctx, const ngx_buf_t* b) {
    const ngx_http_upstream_t* u = ctx->request->upstream;
    const ngx_event_pipe_t* p = u->pipe;
    if (!u->buffering || p == NULL || b->tag != p->tag || !ngx_buf_in_memory(b) || b->in_file || b->last_buf) return 0;
    return p->upstream_done || p->upstream_eof || p->upstream_error;
}

static ngx_buf_t* refer_to(ngx_http_trotline_ctx_t* ctx, const ngx_buf_t* b) {
    ngx_buf_t* made = ngx_calloc_buf(ctx->request->pool);
    if (made == NULL) return NULL;
    made->in_file = 1;
    made->temp_file = b->temp_file;
    made->file = b->file;
    made->file_pos = b->file_pos;
    made->file_last = b->file_last;
    return made;
}

static ngx_buf_t* copy_of(ngx_http_trotline_ctx_t* ctx, ngx_buf_t* b, size_t size) {
    ngx_http_request_t* r = ctx->request;
    ngx_buf_t* made = ngx_create_temp_buf(r->pool, size);
    if (made == NULL) return NULL;
    made->tag = OURS;
    if (ngx_http_trotline_read_buf(b, (off_t)size, take_copy, made, r->connection->log) != NGX_OK) return NULL;
    count_held(ctx, ctx->held_bytes + size);
    return made;
}

/* What goes out at once goes in the upstream's own buffer, for which the upstream waits as it always does. */
static int goes_as_it_is(const ngx_http_trotline_ctx_t* ctx, const ngx_buf_t* b) {
    return (ctx->trickling || ctx->let_go) && ngx_buf_in_memory(b) && !b->last_buf;
}

static void mark_taken(ngx_buf_t* b) {
    b->pos = b->last;
    b->file_pos = b->file_last;
}

ngx_int_t ngx_http_trotline_keep(ngx_http_trotline_ctx_t* ctx, ngx_chain_t* in) {
    for (; in != NULL; in = in->next) {
        ngx_buf_t* b = in->buf;
        ngx_buf_t* kept = b;
        const off_t size = ngx_buf_size(b);
        const int stays = size > 0 && stays_in_memory(ctx, b);
        const int lent = stays || goes_as_it_is(ctx, b);
        if (stays) count_held(ctx, ctx->held_bytes + (size_t)size);
        if (size > 0) {
            if (!lent) kept = stays_in_file(ctx, b) ? refer_to(ctx, b) : copy_of(ctx, b, (size_t)size);
            if (kept == NULL || append(ctx, kept) != NGX_OK) return NGX_ERROR;
        }
        if (!lent) mark_taken(b);
        if (b->last_buf && append_special(ctx, 1) != NGX_OK) return NGX_ERROR;
    }
    return NGX_OK;
}

/* Moves the last byte of a lent buffer to a link of ours behind it. */
static ngx_int_t cut_byte(ngx_http_trotline_ctx_t* ctx, ngx_chain_t* link) {
    ngx_chain_t* tail = ngx_chain_get_free_buf(ctx->request->pool, &ctx->free);
    if (tail == NULL) return NGX_ERROR;
    ngx_buf_t* b = tail->buf;
    if (b->start == NULL) {
        b->start = ngx_pnalloc(ctx->request->pool, 1);
        if (b->start == NULL) return NGX_ERROR;
        b->pos = b->last = b->start;
        b->end = b->start + 1;
        b->temporary = 1;
        b->tag = OURS;
    }
    b->flush = 0;
    *b->last++ = *--link->buf->last;
    if (link->buf->in_file) link->buf->file_last--;
    tail->next = link->next;
    link->next = tail;
    return NGX_OK;
}

/* All that is held but its tail: the newest of our buffers that has data, or the last byte of the upstream's. */
static ngx_int_t take_all_but_tail(ngx_http_trotline_ctx_t* ctx, ngx_chain_t** out) {
    ngx_chain_t** cut = &ctx->held;
    for (ngx_chain_t** at = cut; *at != NULL; at = &(*at)->next)
        if (ngx_buf_size((*at)->buf) > 0) cut = at;
    ngx_chain_t* link = *cut;
    if (link != NULL && ngx_buf_in_memory(link->buf) && link->buf->tag != OURS) {
        if (cut_byte(ctx, link) != NGX_OK) return NGX_ERROR;
        if (ngx_buf_size(link->buf) > 0)
            cut = &link->next;
        else
            *cut = link->next; /* it was no more than that byte */
    }
    ngx_chain_t* tail = *cut;
    *cut = NULL;
    *out = ctx->held;
    ctx->held = tail;
    ctx->held_last = &ctx->held;
    while (*ctx->held_last != NULL) ctx->held_last = &(*ctx->held_last)->next;
    return NGX_OK;
}

static ngx_chain_t* take_all(ngx_http_trotline_ctx_t* ctx) {
    ngx_chain_t* out = ctx->held;
    ctx->held = NULL;
    ctx->held_last = &ctx->held;
    return out;
}

static ngx_int_t trickle(ngx_http_trotline_ctx_t* ctx, ngx_uint_t first) {
    ngx_http_request_t* r = ctx->request;
    ngx_chain_t* out = NULL;
    if (take_all_but_tail(ctx, &out) != NGX_OK) return NGX_ERROR;
    if (first) /* as the upstream's own buffers would be, which are gone */
        for (ngx_chain_t* link = out; link != NULL; link = link->next)
            if (link->next == NULL) link->buf->flush = 1;
    const ngx_int_t rc = ngx_http_trotline_next_body(r, out);
    ngx_chain_update_chains(r->pool, &ctx->free, &ctx->busy, &out, OURS);
    return rc == NGX_OK ? NGX_AGAIN : rc;
}

static void drop_all(ngx_http_trotline_ctx_t* ctx) {
    for (ngx_chain_t* link = take_all(ctx); link != NULL; link = link->next) mark_taken(link->buf);
}

static void end(ngx_http_trotline_ctx_t* ctx) {
    ctx->over = 1;
    ngx_http_trotline_end_hold(ctx);
    ctx->held_ms = (ngx_msec_int_t)(ngx_current_msec - ctx->held_since);
    ctx->request->buffered &= ~NGX_HTTP_TROTLINE_BUFFERED;
}

void ngx_http_trotline_give_way(ngx_http_trotline_ctx_t* ctx) {
    if (ctx->holding && !ctx->over) end(ctx);
    ctx->over = 1;
    drop_all(ctx);
}

ngx_int_t ngx_http_trotline_let_go(ngx_http_trotline_ctx_t* ctx, ngx_uint_t keep_tail) {
    ngx_http_request_t* r = ctx->request;
    if (!keep_tail) {
        end(ctx);
        /* Without an end of its own it would lie in the output's buffer. */
        if (!ctx->last && append_special(ctx, 0) != NGX_OK) return NGX_ERROR;
    }
    const ngx_uint_t first = !ctx->header_sent;
    if (first) {
        /* An upstream that dies later makes nginx close, after a header that had said otherwise: so it is here. */
        const unsigned keepalive = r->keepalive;
        r->keepalive = ctx->keepalive;
        ctx->header_sent = 1;
        const ngx_int_t rc = ngx_http_trotline_next_header(r);
        r->keepalive = r->keepalive && keepalive;
        if (rc == NGX_ERROR || rc > NGX_OK) return rc;
        if (r->header_only) { /* 204, 304: nginx knows it only now */
            drop_all(ctx);
            return rc;
        }
    }
    return keep_tail ? trickle(ctx, first) : ngx_http_trotline_next_body(r, take_all(ctx));
}

/* On the loop, from outside of the request. */
static void push(ngx_http_trotline_ctx_t* ctx) {
    ngx_http_request_t* r = ctx->request;
    ngx_connection_t* c = r->connection;
    ngx_http_set_log_request(c->log, r);
    const ngx_event_pipe_t* pipe = r->upstream->pipe;
    if (ctx->last || ctx->broke_off)
        r->write_event_handler(r);
    else if (pipe != NULL && pipe->output_filter != NULL)
        pipe->output_filter(pipe->output_ctx, NULL); /* it would not ask for output before more comes */
    else
        ngx_http_output_filter(r, NULL);
    ngx_http_run_posted_requests(c);
}

static void wake(ngx_http_trotline_ctx_t* ctx) {
    ctx->let_go = 1;
    if (ctx->holding && !ctx->over) push(ctx);
}

static ngx_int_t copy_text(ngx_http_request_t* r, ngx_str_t* to, const char* from) {
    to->len = strlen(from);
    to->data = ngx_pnalloc(r->pool, to->len + 1);
    if (to->data == NULL) {
        to->len = 0;
        return NGX_ERROR;
    }
    ngx_memcpy(to->data, from, to->len);
    return NGX_OK;
}

void ngx_http_trotline_recorded(void* owner, const trot_done* done) {
    ngx_http_trotline_ctx_t* ctx = owner;
    ctx->token = NULL;
    copy_text(ctx->request, &ctx->ids, done->ids);
    copy_text(ctx->request, &ctx->topics, done->topics);
    if (done->code != TROT_OK)
        ngx_log_error(NGX_LOG_ALERT, ctx->request->connection->log, 0,
                      "trotline: the change by \"%V %V\" is neither in the store nor in the spill file",
                      &ctx->request->method_name, &ctx->request->unparsed_uri);
    wake(ctx);
}

static void late(ngx_event_t* ev) {
    ngx_http_trotline_ctx_t* ctx = ev->data;
    const ngx_msec_int_t left = (ngx_msec_int_t)(ctx->hold_until - ngx_current_msec);
    if (left > 0) return ngx_add_timer(ev, (ngx_msec_t)left); /* it was put off meanwhile */
    if (!ctx->committed) { /* the upstream takes its time: nothing is known that could be recorded */
        ctx->trickling = 1;
        return push(ctx);
    }
    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "trotline: the answer to \"%V %V\" was let go before its record was durable: the store is slow",
                  &ctx->request->method_name, &ctx->request->unparsed_uri);
    wake(ctx);
}

void ngx_http_trotline_end_hold(ngx_http_trotline_ctx_t* ctx) {
    if (ctx->deadline.timer_set) ngx_del_timer(&ctx->deadline);
    read_again(ctx);
}

void ngx_http_trotline_forget_held(ngx_http_trotline_ctx_t* ctx) {
    ngx_http_trotline_end_hold(ctx);
    count_held(ctx, 0);
}

/* Shorter than send_timeout, by which nginx would give the client up; not cancelable, so that a worker that shuts down
 * stays for it. */
void ngx_http_trotline_arm_deadline(ngx_http_trotline_ctx_t* ctx) {
    const ngx_http_core_loc_conf_t* core = ngx_http_get_module_loc_conf(ctx->request, ngx_http_core_module);
    const ngx_msec_t most = ngx_min((ngx_msec_t)ctx->verdict.hold_ms, core->send_timeout - core->send_timeout / 4);
    ctx->hold_until = ngx_current_msec + most;
    if (ctx->deadline.timer_set) return; /* late() sees that there is time left: cheaper than to set it anew */
    ctx->deadline.handler = late;
    ctx->deadline.data = ctx;
    ctx->deadline.log = ctx->request->connection->log;
    ngx_add_timer(&ctx->deadline, most);
}
