// CurlAttempt: one easy handle and what belongs to the request it carries; used again and again without a reset. The
// callbacks of libcurl that guard and bound a delivery live here: the address is judged before it is connected and
// again before a request goes onto a kept connection, the answer's head and body are capped. Callers: egress/curl.
// Threads: the loop's.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "egress/guard.h"
#include "egress/target_tls.h"
#include "egress/transport.h"

namespace trot {

class CurlLoop;  // egress/curl_loop.h

struct CurlTarget : Target {
    struct FreeUrl {
        void operator()(CURLU* url) const { curl_url_cleanup(url); }
    };
    std::unique_ptr<CURLU, FreeUrl> url;
    std::vector<Network> allow;
    long timeout_ms = 0;
    long connect_timeout_ms = 0;
    bool upstream = false;  // these as in TargetOptions
    uint64_t answer_bytes = 0;
    bool keep_head = false;
    TargetTls tls;
    bool options_method = false;
};

struct AttemptOptions {
    std::string ca_file;
    std::string user_agent;
    uint64_t response_bytes = 0;
    std::function<void()> hopeless;  // an attempt should be given up; called inside libcurl
};

class CurlAttempt {
  public:
    explicit CurlAttempt(const AttemptOptions& options);
    ~CurlAttempt();
    CurlAttempt(const CurlAttempt&) = delete;
    CurlAttempt& operator=(const CurlAttempt&) = delete;

    // Fault when a header could break out of its line.
    Result<void> prepare(std::shared_ptr<CurlTarget> target, std::shared_ptr<const Guard>* guard, const Fields& headers,
                         std::shared_ptr<const std::string> body, std::function<void(SendResult)> done);

    SendResult result(CURLcode code);
    std::function<void(SendResult)> release();  // the request's own things go; the handle stays

    // No address may be connected any more, but libcurl would go on through all that the name has, one every few
    // milliseconds, and call it a timeout in the end.
    bool hopeless() const { return hopeless_; }

    CURL* easy() const { return easy_; }
    const std::string& tls_rules() const { return target_->tls.key; }
    static CurlAttempt* of(CURL* easy);
    void uses(curl_socket_t fd) { fd_ = fd; }  // libcurl does not tell while a transfer runs

    size_t place = 0;  // the owner's notes: where in its list, and on which loop
    CurlLoop* loop = nullptr;

  private:
    static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
    static int on_ready(void* self, char* peer, char* local, int peer_port, int local_port);
    static size_t on_header(char* data, size_t size, size_t count, void* self);
    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);
    static size_t on_body(char* data, size_t size, size_t count, void* self);

    void set_fixed_options();
    uint64_t most_answer() const;
    uint64_t received() const;
    uint64_t unread() const;
    bool judged(const sockaddr* address, socklen_t length);
    curl_socket_t give_up();
    void header_line(std::string_view line);
    void keep_line(std::string_view line);

    const AttemptOptions& options_;
    CURL* easy_;
    bool plain_tls_ = true;          // the handle's TLS is that of targets without rules of their own
    bool asking_ = false;            // the handle is set up for OPTIONS
    std::string lines_;              // the request's header lines, one after another
    std::vector<curl_slist> nodes_;  // libcurl reads this list and never frees it
    char error_[CURL_ERROR_SIZE] = {};

    std::shared_ptr<CurlTarget> target_;
    std::shared_ptr<const Guard>* guard_ = nullptr;  // the transport's: a reload changes it under an attempt
    std::shared_ptr<const std::string> body_;
    std::function<void(SendResult)> done_;

    bool blocked_ = false;
    bool hopeless_ = false;
    unsigned addresses_ = 0;
    int status_ = 0;
    bool head_done_ = false;
    size_t head_bytes_ = 0;
    curl_socket_t fd_ = CURL_SOCKET_BAD;
    bool chunked_ = false;          // the answer's body
    uint64_t received_before_ = 0;  // on this connection, when a chunked answer's head had come
    uint64_t body_bytes_ = 0;
    std::string answer_, retry_after_, head_;
};

}  // namespace trot
