// The admin API: what an operator or a monitor asks of a running host over HTTP. Read-only for now:
//   GET /healthz   200 "ok", or 503 with the reason, no token   GET /status    JSON   GET /metrics   Prometheus text
//   GET /events, /deliveries, /attempts, /subscriptions?topic=…&limit=…   one JSON object a line, as `trotline events`
//   shows
// Every route but /healthz wants "Authorization: Bearer TOKEN"; without it all of them, also those that do not exist,
// answer the same 401. Callers: engine, on its errand thread (blocks on disk).
// Threads: one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/text.h"
#include "crypto/secret.h"
#include "manage/reply.h"
#include "manage/request.h"
#include "store/store.h"

namespace trot {

struct AdminSources {
    std::function<std::string()> status, metrics, sickness;  // sickness: "" or why the host is not healthy
    std::string store_path;
    Clock* clock = &system_clock();
};

class Admin {
  public:
    explicit Admin(AdminSources sources) : sources_(std::move(sources)) {}
    // token: the one in force; empty refuses every route but /healthz.
    Reply answer(const ManageRequest& request, const Secret& token);

  private:
    Reply lists(const std::string& what, std::string_view query);
    AdminSources sources_;
    // Five wrong tokens a second, then 429: a token cannot be guessed by trying (reliability.md 5.4).
    int64_t window_us_ = 0;
    int wrong_ = 0;
};

}  // namespace trot
