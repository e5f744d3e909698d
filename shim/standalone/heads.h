// The heads that we write: the request towards the upstream, the answer towards the client, and short answers of our
// own. Fields keep their order, spelling and bytes; what ends at this hop is left out. Callers: exchange, client,
// admin. Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "shim/standalone/http.h"

namespace trot::host {

struct RequestShape {
    std::string_view peer;           // the client's address; empty for a unix socket
    std::string_view fallback_host;  // for HTTP/1.0 clients that sent none
    bool trust_forwarded = false;
    bool decodable_only = false;  // leave only content codings that the core can undo
};
void append_request_head(std::string& to, const http::RequestHead& head, const RequestShape& shape);

struct AnswerShape {
    bool chunked = false;        // the body goes to the client in chunks
    bool close = false;          // "Connection: close"
    bool keep_alive_10 = false;  // an HTTP/1.0 client wants to be told that it may go on
    bool upgrade = false;        // 101
};
void append_answer_head(std::string& to, const http::ResponseHead& head, const AnswerShape& shape);

// How every answer of our own begins: the status line and the Date.
void append_own_head(std::string& to, int status);

struct Page {
    int status = 500;
    std::string_view why;
    bool head_only = false;  // the request was a HEAD
    bool close = true;
    bool keep_alive_10 = false;
    std::string_view extra;  // whole field lines, "Retry-After: 5\r\n"
};
void append_page(std::string& to, const Page& page);

// Removes fields that a client must not send to an application behind Trotline.
void strip_internal_fields(http::RequestHead& head);

// Accept-Encoding without the codings that nobody here can undo; "identity" when nothing is left.
std::string decodable_codings(std::string_view accept_encoding);

}  // namespace trot::host
