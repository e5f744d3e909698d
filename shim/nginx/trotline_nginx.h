/* The nginx host: what its files share. One request in three files: request.c (is it wanted? its body), answer.c (does
 * the answer prove a change? hold it, let it go), process.c (the engine of this worker and what comes back from it).
 *
 * Threads: everything here runs on nginx's loop. The library's threads never see a request: what a commit carries is a
 * token from the heap, which a dying request lets go of (engineering.md A0.2).
 */
#ifndef TROTLINE_NGINX_H
#define TROTLINE_NGINX_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "trotline/trotline.h"

extern ngx_module_t ngx_http_trotline_module;

/* Of r->buffered: 1, 2 and 4 are nginx's own (SSI, sub, copy). */
#define NGX_HTTP_TROTLINE_BUFFERED 0x08
/* In memory for one held answer; what lies in nginx's temporary file does not count. */
#define NGX_HTTP_TROTLINE_HELD_MOST (2u << 20)
/* … and for all that this worker holds. */
#define NGX_HTTP_TROTLINE_HELD_ALL (64u << 20)

typedef struct {
    trot_plan* plan; /* of this cycle; NULL without trotline_config */
    ngx_str_t file;
    ngx_uint_t wanted;    /* something is "on" or manages: needs the plan */
    ngx_uint_t overrides; /* [capture] method_override: a field of the request may name its method */
} ngx_http_trotline_main_conf_t;

#define NGX_HTTP_TROTLINE_UPSTREAMS 5

typedef struct {
    ngx_http_upstream_conf_t* usual;
    ngx_http_upstream_conf_t steadfast; /* the same, with ignore_client_abort */
} ngx_http_trotline_upstream_t;

typedef struct {
    ngx_flag_t on;
    size_t nupstreams;
    ngx_http_trotline_upstream_t upstreams[NGX_HTTP_TROTLINE_UPSTREAMS]; /* of this location, when on */
} ngx_http_trotline_loc_conf_t;

typedef struct ngx_http_trotline_ctx_s ngx_http_trotline_ctx_t;

/* The `user` of a commit or of a management request: comes back exactly once, whether or not its owner still lives. */
typedef struct {
    void* owner; /* NULL: gone; of a free one, the next */
    void (*done)(void* owner, const trot_done* done);
} ngx_http_trotline_token_t;

/* One request that a hook may want. */
struct ngx_http_trotline_ctx_s {
    ngx_http_request_t* request;
    trot_capture* capture; /* until committed or abandoned */
    trot_verdict verdict;
    ngx_http_trotline_token_t* token; /* a commit that is not durable yet */
    ngx_http_handler_pt content;      /* the location's own content handler */
    ngx_uint_t method;                /* error_page and X-Accel-Redirect change the request's */
    ngx_table_elt_t* accept_encoding;
    ngx_str_t accepted; /* its value as the client sent it */
    ngx_chain_t* held;
    ngx_chain_t** held_last;
    ngx_chain_t* busy; /* buffers of ours that went out while the answer trickled … */
    ngx_chain_t* free; /* … and that the client has taken */
    size_t held_bytes; /* copies in memory, held or not yet given back */
    uint64_t asked;    /* bytes of the request's body that were looked at */
    uint64_t gathered; /* … and of the answer's */
    ngx_event_t deadline;
    ngx_event_handler_pt reading; /* the connection's read handler, while ours is there */
    ngx_msec_t held_since;
    ngx_msec_t hold_until;  /* the deadline's timer may go off earlier */
    ngx_msec_int_t held_ms; /* -1: never held */
    ngx_str_t ids, topics;
    unsigned body_seen : 1;   /* the request body filter was called */
    unsigned body_done : 1;   /* … with its end */
    unsigned answered : 1;    /* the answer's head may make an event */
    unsigned holding : 1;     /* header and body wait here */
    unsigned keepalive : 1;   /* what nginx meant to say of the connection then */
    unsigned header_sent : 1; /* the held header has gone out */
    unsigned committed : 1;
    unsigned last : 1;      /* the answer is complete */
    unsigned broke_off : 1; /* the upstream died in the middle of the body */
    unsigned trickling : 1; /* the answer is too large or too slow to wait whole: all goes out but its tail */
    unsigned let_go : 1;    /* durable, lost or late: what is held goes out */
    unsigned over : 1;      /* nothing is left to do: bytes pass by */
};

/* config.c */
ngx_http_trotline_main_conf_t* ngx_http_trotline_main_conf(ngx_cycle_t* cycle);

/* abort.c */
void ngx_http_trotline_find_upstreams(ngx_conf_t* cf, ngx_http_trotline_loc_conf_t* conf);
void ngx_http_trotline_ignore_client_abort(ngx_http_trotline_ctx_t* ctx);

/* request.c */
ngx_int_t ngx_http_trotline_mark(ngx_http_request_t* r); /* preaccess phase */
ngx_int_t ngx_http_trotline_request_body(ngx_http_request_t* r, ngx_chain_t* in);
ngx_http_trotline_ctx_t* ngx_http_trotline_find_ctx(ngx_http_request_t* r);
ngx_int_t ngx_http_trotline_describe(ngx_http_request_t* r, trot_request* out);
trot_field* ngx_http_trotline_fields(ngx_pool_t* pool, ngx_list_t* list, size_t* count);
void ngx_http_trotline_restore_codings(ngx_http_trotline_ctx_t* ctx);
/* Request bodies that were read before anything was marked. */
void ngx_http_trotline_late_body(ngx_http_trotline_ctx_t* ctx);

/* answer.c */
ngx_int_t ngx_http_trotline_header_filter(ngx_http_request_t* r);
ngx_int_t ngx_http_trotline_body_filter(ngx_http_request_t* r, ngx_chain_t* in);
ngx_int_t ngx_http_trotline_log(ngx_http_request_t* r); /* log phase */
void ngx_http_trotline_forget(void* ctx);               /* the request's pool is destroyed */

/* hold.c */
void ngx_http_trotline_hold(ngx_http_trotline_ctx_t* ctx);
ngx_int_t ngx_http_trotline_keep(ngx_http_trotline_ctx_t* ctx, ngx_chain_t* in);
ngx_int_t ngx_http_trotline_let_go(ngx_http_trotline_ctx_t* ctx, ngx_uint_t keep_tail);
/* A filter behind ours (image_filter) has refused the rest of the answer and makes one of its own. */
void ngx_http_trotline_give_way(ngx_http_trotline_ctx_t* ctx);
void ngx_http_trotline_recorded(void* ctx, const trot_done* done);
void ngx_http_trotline_arm_deadline(ngx_http_trotline_ctx_t* ctx);
/* Is more held than may be, by this answer or by all of them? */
int ngx_http_trotline_holds_too_much(const ngx_http_trotline_ctx_t* ctx);
void ngx_http_trotline_end_hold(ngx_http_trotline_ctx_t* ctx);
void ngx_http_trotline_forget_held(ngx_http_trotline_ctx_t* ctx); /* its memory goes */

/* body.c */
typedef void (*ngx_http_trotline_take_pt)(void* to, trot_text bytes);
/* Gives the bytes of a buffer, from memory or from its file, to `take`; at most `most` of a file. */
ngx_int_t ngx_http_trotline_read_buf(ngx_buf_t* b, off_t most, ngx_http_trotline_take_pt take, void* to,
                                     ngx_log_t* log);

/* process.c */
ngx_int_t ngx_http_trotline_init_module(ngx_cycle_t* cycle);
ngx_int_t ngx_http_trotline_init_process(ngx_cycle_t* cycle);
void ngx_http_trotline_exit_process(ngx_cycle_t* cycle);
trot_engine* ngx_http_trotline_engine(void); /* NULL in master and helpers */
ngx_http_trotline_token_t* ngx_http_trotline_new_token(void* owner, void (*done)(void* owner, const trot_done* done));
void ngx_http_trotline_free_token(ngx_http_trotline_token_t* token); /* NULL is fine */

/* manage.c */
ngx_int_t ngx_http_trotline_manage(ngx_http_request_t* r); /* content handler */

/* variables.c */
ngx_int_t ngx_http_trotline_add_variables(ngx_conf_t* cf);

/* The context survives an internal redirect in the pool's cleanup list (r->ctx is zeroed). Most requests have none, and
 * ask in every filter. */
static inline ngx_http_trotline_ctx_t* ngx_http_trotline_get_ctx(ngx_http_request_t* r) {
    if (r != r->main) return NULL;
    ngx_http_trotline_ctx_t* ctx = ngx_http_get_module_ctx(r, ngx_http_trotline_module);
    if (ctx != NULL || !(r->internal || r->filter_finalize)) return ctx;
    return ngx_http_trotline_find_ctx(r);
}

extern ngx_http_output_header_filter_pt ngx_http_trotline_next_header;
extern ngx_http_output_body_filter_pt ngx_http_trotline_next_body;
extern ngx_http_request_body_filter_pt ngx_http_trotline_next_request_body;

#endif
