// CurlLoop: one curl multi handle glued to an event base, with its own connection cache. Callers: egress/curl. Threads:
// the thread that runs the base.
#pragma once

#include <curl/curl.h>
#include <event2/event.h>

#include <functional>
#include <memory>
#include <vector>

namespace trot {

class CurlLoop {
  public:
    using Finished = std::function<void(CURL*, CURLcode)>;

    using Uses = void (*)(CURL*, curl_socket_t);

    // uses: this handle's transfer is on that socket now (or its name look-up on that pipe). finished: after the handle
    // was taken off the multi; it may add others.
    CurlLoop(event_base* base, unsigned max_connections, Uses uses, Finished finished);
    ~CurlLoop();  // closes every connection; handles still on it are taken off
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;

    bool add(CURL* easy);
    void remove(CURL* easy);  // for the end of the transport: no finished for it
    size_t inflight() const { return inflight_; }

  private:
    struct Watch;
    struct FreeEvent {
        void operator()(event* one) const { event_free(one); }
    };

    static int on_curl_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* watch);
    static int on_curl_timer(CURLM*, long timeout_ms, void* self);
    static void on_socket(evutil_socket_t fd, short events, void* self);
    static void on_timer(evutil_socket_t, short, void* self);

    void act(curl_socket_t fd, int events);

    event_base* base_;
    Uses uses_;
    Finished finished_;
    CURLM* multi_;
    std::unique_ptr<event, FreeEvent> timer_;
    std::vector<std::unique_ptr<Watch>> spare_;  // an event is made once a socket slot, not once a transfer
    std::vector<Watch*> watched_;
    size_t inflight_ = 0;
};

}  // namespace trot
