/* The directives, the configuration's life, and the module itself. trotline_config loads and validates in the master,
 * where it starts nothing and writes nothing: `nginx -t` may run it as root. */
#include "trotline_nginx.h"

ngx_http_output_header_filter_pt ngx_http_trotline_next_header;
ngx_http_output_body_filter_pt ngx_http_trotline_next_body;
ngx_http_request_body_filter_pt ngx_http_trotline_next_request_body;

static void* create_main_conf(ngx_conf_t* cf) { return ngx_pcalloc(cf->pool, sizeof(ngx_http_trotline_main_conf_t)); }

static void* create_loc_conf(ngx_conf_t* cf) {
    ngx_http_trotline_loc_conf_t* conf = ngx_pcalloc(cf->pool, sizeof *conf);
    if (conf != NULL) conf->on = NGX_CONF_UNSET;
    return conf;
}

static char* merge_loc_conf(ngx_conf_t* cf, void* parent, void* child) {
    ngx_http_trotline_loc_conf_t* above = parent;
    ngx_http_trotline_loc_conf_t* conf = child;
    ngx_conf_merge_value(conf->on, above->on, 0);
    if (conf->on) {
        ngx_http_trotline_main_conf_t* all = ngx_http_conf_get_module_main_conf(cf, ngx_http_trotline_module);
        all->wanted = 1;
        ngx_http_trotline_find_upstreams(cf, conf);
    }
    return NGX_CONF_OK;
}

static void drop_plan(void* plan) { trot_plan_drop(plan); }

/* Each mistake is a log line of its own: "file:line:column: what is wrong, what would be right". */
static void log_lines(ngx_log_t* log, ngx_uint_t level, const char* text) {
    while (text != NULL && *text != '\0') {
        const char* end = strchr(text, '\n');
        const size_t len = end != NULL ? (size_t)(end - text) : strlen(text);
        if (len > 0) ngx_log_error(level, log, 0, "trotline: %*s", len, text);
        text = end != NULL ? end + 1 : NULL;
    }
}

static char* trotline_config(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    (void)cmd;
    ngx_http_trotline_main_conf_t* all = conf;
    if (all->plan != NULL) return "is duplicate";
    ngx_str_t* words = cf->args->elts;
    all->file = words[1];
    if (ngx_conf_full_name(cf->cycle, &all->file, 1) != NGX_OK) return NGX_CONF_ERROR;

    trot_fault fault = {0};
    fault.size = sizeof fault;
    if (trot_plan_load((const char*)all->file.data, &all->plan, &fault) != TROT_OK) {
        const char* mistakes = trot_plan_mistakes();
        log_lines(cf->log, NGX_LOG_EMERG, mistakes != NULL ? mistakes : fault.text);
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "trotline: \"%V\" cannot be used", &all->file);
        return NGX_CONF_ERROR;
    }
    trot_text setting = {NULL, 0};
    all->overrides =
        trot_plan_setting(all->plan, "capture.method_override", 0, &setting) == 1 && setting.len == 4; /* "true" */
    ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    if (cleanup == NULL) {
        trot_plan_drop(all->plan);
        return NGX_CONF_ERROR;
    }
    cleanup->handler = drop_plan;
    cleanup->data = all->plan;
    for (size_t n = 0;; n++) {
        const trot_text warning = trot_plan_warning(all->plan, n);
        if (warning.len == 0) break;
        ngx_log_error(NGX_LOG_WARN, cf->log, 0, "trotline: %*s", warning.len, warning.at);
    }
    return NGX_CONF_OK;
}

static char* trotline_manage(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    (void)cmd;
    (void)conf;
    ngx_http_core_loc_conf_t* core = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    ngx_http_trotline_main_conf_t* all = ngx_http_conf_get_module_main_conf(cf, ngx_http_trotline_module);
    core->handler = ngx_http_trotline_manage;
    all->wanted = 1;
    return NGX_CONF_OK;
}

static ngx_int_t add_handler(ngx_http_core_main_conf_t* core, ngx_uint_t phase, ngx_http_handler_pt handler) {
    ngx_http_handler_pt* place = ngx_array_push(&core->phases[phase].handlers);
    if (place == NULL) return NGX_ERROR;
    *place = handler;
    return NGX_OK;
}

static ngx_int_t postconfiguration(ngx_conf_t* cf) {
    ngx_http_trotline_main_conf_t* all = ngx_http_conf_get_module_main_conf(cf, ngx_http_trotline_module);
    if (!all->wanted) return NGX_OK; /* off everywhere: no request comes by here */
    if (all->plan == NULL) {
        ngx_log_error(
            NGX_LOG_EMERG, cf->log, 0,
            "trotline: \"trotline on\" and \"trotline_manage\" need \"trotline_config FILE;\" in the http block");
        return NGX_ERROR;
    }
    ngx_http_core_main_conf_t* core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    if (add_handler(core, NGX_HTTP_PREACCESS_PHASE, ngx_http_trotline_mark) != NGX_OK) return NGX_ERROR;
    if (add_handler(core, NGX_HTTP_LOG_PHASE, ngx_http_trotline_log) != NGX_OK) return NGX_ERROR;
    ngx_http_trotline_next_request_body = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_trotline_request_body;
    ngx_http_trotline_next_header = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_trotline_header_filter;
    ngx_http_trotline_next_body = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_trotline_body_filter;
    return NGX_OK;
}

ngx_http_trotline_main_conf_t* ngx_http_trotline_main_conf(ngx_cycle_t* cycle) {
    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL) return NULL; /* no http block */
    return ngx_http_cycle_get_module_main_conf(cycle, ngx_http_trotline_module);
}

static ngx_command_t commands[] = {
    {ngx_string("trotline_config"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, trotline_config, NGX_HTTP_MAIN_CONF_OFFSET, 0,
     NULL},
    {ngx_string("trotline"), NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF | NGX_CONF_FLAG,
     ngx_conf_set_flag_slot, NGX_HTTP_LOC_CONF_OFFSET, offsetof(ngx_http_trotline_loc_conf_t, on), NULL},
    {ngx_string("trotline_manage"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS, trotline_manage, NGX_HTTP_LOC_CONF_OFFSET, 0,
     NULL},
    ngx_null_command};

static ngx_http_module_t context = {ngx_http_trotline_add_variables, /* preconfiguration */
                                    postconfiguration,
                                    create_main_conf,
                                    NULL,
                                    NULL,
                                    NULL,
                                    create_loc_conf,
                                    merge_loc_conf};

ngx_module_t ngx_http_trotline_module = {NGX_MODULE_V1,
                                         &context,
                                         commands,
                                         NGX_HTTP_MODULE,
                                         NULL,                          /* init master */
                                         ngx_http_trotline_init_module, /* init module */
                                         ngx_http_trotline_init_process,
                                         NULL,
                                         NULL,
                                         ngx_http_trotline_exit_process,
                                         NULL, /* exit master */
                                         NGX_MODULE_V1_PADDING};
