// The admin API: what an operator or a monitor asks of a running host over HTTP:
//   GET /healthz   200 "ok", or 503 with the reason, no token   GET /status    JSON   GET /metrics   Prometheus text
//   GET /events, /deliveries, /attempts, /subscriptions?topic=…&limit=…   one JSON object a line, as `trotline events`
//   shows; GET /tasks   what was asked for and has not ended
//   POST /redeliver, /backfill, /cancel, /pause, /resume, /send-test   a JSON object (manage/acts.h); each is a line in
//   the log, with who asked
// Every route but /healthz wants "Authorization: Bearer TOKEN"; without it all of them, also those that do not exist,
// answer the same 401. Callers: engine, on its errand thread (blocks on disk).
// Threads: one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "manage/registry.h"
#include "manage/reply.h"
#include "manage/request.h"
#include "plan/plan.h"
#include "store/store.h"

namespace trot {

struct AdminSources {
    std::function<std::string()> status, metrics, sickness;  // sickness: "" or why the host is not healthy
    std::string store_path;
    Clock* clock = &system_clock();
    Log* log = nullptr;
};

class Admin {
  public:
    explicit Admin(AdminSources sources) : sources_(std::move(sources)) {}
    // admin: as it is in force; an empty token refuses every route but /healthz. registry: null when the store could
    // not be opened.
    Reply answer(const ManageRequest& request, const AdminConfig& admin, Registry* registry);

  private:
    Reply lists(const std::string& what, std::string_view query);
    Reply act(const ManageRequest& request, const std::string& what, const AdminConfig& admin, Registry* registry);
    AdminSources sources_;
    // Five wrong tokens a second, then 429: a token cannot be guessed by trying (reliability.md 5.4).
    int64_t window_us_ = 0;
    int wrong_ = 0;
};

}  // namespace trot
