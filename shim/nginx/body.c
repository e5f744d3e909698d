/* The bytes of an nginx buffer: in memory, or in a temporary file that was written moments ago. */
#include "trotline_nginx.h"

ngx_int_t ngx_http_trotline_read_buf(ngx_buf_t* b, off_t most, ngx_http_trotline_take_pt take, void* to,
                                     ngx_log_t* log) {
    if (ngx_buf_in_memory(b)) {
        const trot_text bytes = {(const char*)b->pos, (size_t)(b->last - b->pos)};
        if (bytes.len > 0) take(to, bytes);
        return NGX_OK;
    }
    if (!b->in_file) return NGX_OK;
    u_char room[16384];
    off_t at = b->file_pos;
    const off_t end = ngx_min(b->file_last, b->file_pos + ngx_min(most, b->file_last - b->file_pos));
    while (at < end) {
        const ssize_t got = ngx_read_file(b->file, room, (size_t)ngx_min((off_t)sizeof room, end - at), at);
        if (got <= 0) {
            ngx_log_error(NGX_LOG_ERR, log, got < 0 ? ngx_errno : 0, "trotline: a buffered body could not be read");
            return NGX_ERROR;
        }
        const trot_text bytes = {(const char*)room, (size_t)got};
        take(to, bytes);
        at += got;
    }
    return NGX_OK;
}
