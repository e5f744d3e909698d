/* The engine of this worker: started after the fork, its one descriptor in nginx's loop, its completions given back,
 * its log lines written, its leadership given up when the worker is told to go. */
#include "trotline_nginx.h"

#ifndef TROTLINE_NGINX_PACKAGE
#define TROTLINE_NGINX_PACKAGE "unknown"
#endif

/* A worker is killed 3.16 s after TERM (measured). */
#define DRAIN_MS 2500
#define REAP 64

static trot_engine* engine;
static ngx_connection_t* bell; /* not a connection: how a descriptor of ours gets into nginx's loop */
static int ending;
static ngx_http_trotline_token_t* free_tokens;

trot_engine* ngx_http_trotline_engine(void) { return ending ? NULL : engine; }

static void write_log(ngx_log_t* log) {
    static const ngx_uint_t levels[] = {NGX_LOG_DEBUG, NGX_LOG_INFO, NGX_LOG_NOTICE,
                                        NGX_LOG_WARN,  NGX_LOG_ERR,  NGX_LOG_ALERT};
    char line[NGX_MAX_ERROR_STR];
    int level = 0;
    size_t len;
    while ((len = trot_log_drain(engine, line, sizeof line, &level)) > 0) {
        const ngx_uint_t known = level >= 0 && level <= TROT_LOG_ALARM ? levels[level] : NGX_LOG_ERR;
        ngx_log_error(known, log, 0, "trotline: %*s", ngx_min(len, sizeof line - 1), line);
    }
}

/* Hundreds are alive at once and come back in bursts, for which malloc has no cache (module/base/recycle.h). */
ngx_http_trotline_token_t* ngx_http_trotline_new_token(void* owner, void (*done)(void* owner, const trot_done* done)) {
    ngx_http_trotline_token_t* token = free_tokens;
    if (token != NULL)
        free_tokens = token->owner;
    else if ((token = ngx_alloc(sizeof *token, ngx_cycle->log)) == NULL)
        return NULL;
    token->owner = owner;
    token->done = done;
    return token;
}

void ngx_http_trotline_free_token(ngx_http_trotline_token_t* token) {
    if (token == NULL) return;
    token->owner = free_tokens;
    free_tokens = token;
}

static void reap(void) {
    trot_done done[REAP];
    size_t count;
    do {
        done[0].size = sizeof done[0];
        count = trot_engine_reap(engine, done, REAP);
        for (size_t i = 0; i < count; i++) {
            ngx_http_trotline_token_t* token = done[i].user;
            if (token->owner != NULL && !ending)
                token->done(token->owner, &done[i]);
            else
                trot_reply_drop(done[i].reply);
            ngx_http_trotline_free_token(token);
        }
    } while (count == REAP);
}

static void on_bell(ngx_event_t* ev) {
    ngx_connection_t* c = ev->data;
    if (c->close) { /* QUIT or HUP: nginx closes its idle connections, and we count as one (engineering.md A4) */
        c->close = 0;
        c->idle = 0;
        trot_engine_quiesce(engine);
        return;
    }
    write_log(ngx_cycle->log);
    reap();
}

static void no_write(ngx_event_t* ev) { (void)ev; }

static ngx_int_t hang_bell(ngx_cycle_t* cycle) {
    bell = ngx_get_connection(trot_engine_fd(engine), cycle->log);
    if (bell == NULL) return NGX_ERROR; /* worker_connections are used up: said by nginx */
    bell->read->handler = on_bell;
    bell->read->log = cycle->log;
    bell->read->channel = 1; /* else an alert about an open socket on every QUIT (measured) */
    bell->write->handler = no_write;
    bell->write->log = cycle->log;
    bell->idle = 1;
    return ngx_add_event(bell->read, NGX_READ_EVENT, 0);
}

static void take_bell_down(void) {
    if (bell == NULL) return;
    if (bell->read->active) ngx_del_event(bell->read, NGX_READ_EVENT, 0);
    ngx_free_connection(bell);
    bell->fd = (ngx_socket_t)-1;
    bell = NULL;
}

/* Runs in the master, and again for each reload. Where there is no master (master_process off) the engine is here, and
 * a reload reaches it as a new plan. */
ngx_int_t ngx_http_trotline_init_module(ngx_cycle_t* cycle) {
    ngx_http_trotline_main_conf_t* all = ngx_http_trotline_main_conf(cycle);
    if (ngx_test_config || all == NULL || all->plan == NULL) return NGX_OK;
    if (engine == NULL) {
        ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                      "trotline %s, built for nginx " NGINX_VERSION " (package " TROTLINE_NGINX_PACKAGE "), %V",
                      trot_version(), &all->file);
        return NGX_OK;
    }
    trot_fault fault = {0};
    fault.size = sizeof fault;
    if (trot_engine_swap(engine, all->plan, &fault) != TROT_OK)
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0, "trotline: the new configuration is not in force: %s", fault.text);
    return NGX_OK;
}

/* The proxy must run, also without an engine: nothing is captured then, and an alert says so. */
ngx_int_t ngx_http_trotline_init_process(ngx_cycle_t* cycle) {
    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE) return NGX_OK; /* cache helpers */
    ngx_http_trotline_main_conf_t* all = ngx_http_trotline_main_conf(cycle);
    if (all == NULL || all->plan == NULL) return NGX_OK;
    trot_options options = {0};
    options.size = sizeof options;
    options.abi = TROT_ABI;
    options.dispatch = 1;
    options.host_name.at = "nginx";
    options.host_name.len = sizeof "nginx" - 1;
    trot_fault fault = {0};
    fault.size = sizeof fault;
    if (trot_engine_start(all->plan, &options, &engine, &fault) != TROT_OK) {
        engine = NULL;
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0, "trotline: nothing is captured in this worker: %s", fault.text);
        return NGX_OK;
    }
    if (hang_bell(cycle) == NGX_OK) return NGX_OK;
    ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                  "trotline: nothing is captured in this worker: its descriptor does not fit into the event loop (more "
                  "worker_connections are needed)");
    take_bell_down();
    trot_engine_drop(engine);
    engine = NULL;
    return NGX_OK;
}

/* nginx calls exit() next, which runs OpenSSL's and libcurl's own ends: the threads must have ended before. */
void ngx_http_trotline_exit_process(ngx_cycle_t* cycle) {
    if (engine == NULL) return;
    ending = 1;
    trot_engine_stop(engine, DRAIN_MS);
    reap();
    write_log(cycle->log);
    take_bell_down();
    trot_engine_drop(engine);
    engine = NULL;
}
