// A transport on its own event base, for tests that send one request at a time.
#pragma once

#include <event2/event.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "egress/transport.h"

namespace sender {

inline std::shared_ptr<const trot::Guard> guard_allowing(std::initializer_list<const char*> networks,
                                                         std::initializer_list<const char*> denied = {},
                                                         std::vector<std::string> own = {}) {
    trot::Guard::Rules rules;
    for (const char* text : networks) rules.allow.push_back(trot::parse_network(text).value());
    for (const char* text : denied) rules.deny.push_back(trot::parse_network(text).value());
    rules.own = std::move(own);
    return std::make_shared<trot::Guard>(std::move(rules));
}

struct Sender {
    explicit Sender(trot::CurlOptions options = {}, std::shared_ptr<const trot::Guard> guard = nullptr) {
        std::unique_ptr<event_config, void (*)(event_config*)> config(event_config_new(), event_config_free);
        event_config_set_flag(config.get(), EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
        base = event_base_new_with_config(config.get());
        options.base = base;
        options.guard = guard != nullptr ? std::move(guard) : guard_allowing({"127.0.0.1/32"});
        auto made = trot::make_curl_transport(options);
        if (!made) abort();
        transport = std::move(made).value();
    }
    ~Sender() {
        transport.reset();
        event_base_free(base);
    }
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    std::shared_ptr<trot::Target> target(const std::string& url, int64_t timeout_ms = 10000,
                                         int64_t connect_timeout_ms = 8000, std::vector<trot::Network> allow = {}) {
        trot::UrlRules rules;
        auto checked = trot::check_url(url, rules);
        if (!checked) return nullptr;
        trot::TargetOptions options;
        options.url = checked.value();
        options.timeout_ms = timeout_ms;
        options.connect_timeout_ms = connect_timeout_ms;
        options.allow = std::move(allow);
        auto made = transport->target(options);
        return made.ok() ? made.value() : nullptr;
    }

    void start(const std::shared_ptr<trot::Target>& to, trot::SendResult& out, bool& done, std::string body = "{}",
               trot::Fields headers = {{"content-type", "application/json"}}) {
        transport->send(to, headers, std::make_shared<const std::string>(std::move(body)),
                        [&out, &done](trot::SendResult result) {
                            out = std::move(result);
                            done = true;
                        });
    }

    void run_until(const bool& done) {
        while (!done) event_base_loop(base, EVLOOP_ONCE);
    }

    trot::SendResult post(const std::shared_ptr<trot::Target>& to, std::string body = "{}",
                          trot::Fields headers = {{"content-type", "application/json"}}) {
        trot::SendResult out;
        bool done = false;
        auto before = std::chrono::steady_clock::now();
        start(to, out, done, std::move(body), std::move(headers));
        run_until(done);
        took_ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - before).count();
        return out;
    }

    event_base* base = nullptr;
    std::unique_ptr<trot::Transport> transport;
    int64_t took_ms = 0;
};

inline std::string url(uint16_t port, const std::string& path = "/hook") {
    return "http://127.0.0.1:" + std::to_string(port) + path;
}

}  // namespace sender
