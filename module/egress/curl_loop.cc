#include "egress/curl_loop.h"

#include <algorithm>
#include <new>

namespace trot {

// What libcurl wants to know of one socket.
struct CurlLoop::Watch {
    std::unique_ptr<event, FreeEvent> on;
    int what = 0;
    size_t place = 0;  // in watched_
};

CurlLoop::CurlLoop(event_base* base, unsigned max_connections, Uses uses, Finished finished)
    : base_(base), uses_(uses), finished_(std::move(finished)), multi_(curl_multi_init()) {
    timer_.reset(evtimer_new(base_, on_timer, this));
    if (multi_ == nullptr || timer_ == nullptr) {
        curl_multi_cleanup(multi_);
        throw std::bad_alloc();
    }
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    // The default grows with the handles in use and makes every third request to 200 hosts a new connection.
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(max_connections));
    // Two names on one HTTP/2 connection would be judged by one address only.
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
}

CurlLoop::~CurlLoop() {
    curl_multi_cleanup(multi_);  // calls on_curl_socket for what it closes: the watches live until here
    for (Watch* watch : watched_) delete watch;
}

bool CurlLoop::add(CURL* easy) {
    if (curl_multi_add_handle(multi_, easy) != CURLM_OK) return false;
    ++inflight_;
    return true;
}

void CurlLoop::remove(CURL* easy) {
    curl_multi_remove_handle(multi_, easy);
    --inflight_;
}

int CurlLoop::on_curl_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* known) {
    auto* loop = static_cast<CurlLoop*>(self);
    auto* watch = static_cast<Watch*>(known);
    if (what == CURL_POLL_REMOVE) {
        if (watch == nullptr) return 0;
        event_del(watch->on.get());
        watch->what = 0;
        std::swap(loop->watched_[watch->place], loop->watched_.back());
        loop->watched_[watch->place]->place = watch->place;
        loop->watched_.pop_back();
        loop->spare_.emplace_back(watch);
        curl_multi_assign(loop->multi_, fd, nullptr);
        return 0;
    }
    loop->uses_(easy, fd);
    if (watch != nullptr && watch->what == what) return 0;
    const auto wanted = static_cast<short>(((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
                                           ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0) | EV_PERSIST);
    if (watch == nullptr) {
        std::unique_ptr<Watch> fresh;
        if (!loop->spare_.empty()) {
            fresh = std::move(loop->spare_.back());
            loop->spare_.pop_back();
        } else {
            fresh = std::make_unique<Watch>();
            fresh->on.reset(event_new(loop->base_, fd, wanted, on_socket, loop));
            if (fresh->on == nullptr) return -1;
        }
        watch = fresh.release();
        watch->place = loop->watched_.size();
        loop->watched_.push_back(watch);
        curl_multi_assign(loop->multi_, fd, watch);
    } else {
        event_del(watch->on.get());
    }
    watch->what = what;
    event_assign(watch->on.get(), loop->base_, fd, wanted, on_socket, loop);
    return event_add(watch->on.get(), nullptr) == 0 ? 0 : -1;
}

int CurlLoop::on_curl_timer(CURLM* /*multi*/, long timeout_ms, void* self) {
    auto* loop = static_cast<CurlLoop*>(self);
    if (timeout_ms < 0) {
        evtimer_del(loop->timer_.get());
        return 0;
    }
    const timeval wait{timeout_ms / 1000, (timeout_ms % 1000) * 1000};
    return evtimer_add(loop->timer_.get(), &wait) == 0 ? 0 : -1;
}

void CurlLoop::on_socket(evutil_socket_t fd, short events, void* self) {
    static_cast<CurlLoop*>(self)->act(
        fd, ((events & EV_READ) != 0 ? CURL_CSELECT_IN : 0) | ((events & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

void CurlLoop::on_timer(evutil_socket_t /*fd*/, short /*events*/, void* self) {
    static_cast<CurlLoop*>(self)->act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlLoop::act(curl_socket_t fd, int events) {
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL* easy = message->easy_handle;
        const CURLcode code = message->data.result;  // the message dies with the next call
        remove(easy);
        finished_(easy, code);
    }
}

}  // namespace trot
