// The life of the host while it runs: start, turns of the loop, reload. server_stop.cc has its end.
#include "shim/standalone/server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace trot::host {
namespace {

constexpr int64_t kLogFlushMs = 100;

void raise_file_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

event_base* make_base() {
    event_config* config = event_config_new();
    if (config == nullptr) return nullptr;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
    event_base* base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

}  // namespace

Server::Server(const HostOptions& options, bool proxy)
    : options_(options), proxy_(proxy), base_(make_base()), worker_(log_, access_) {
    log_.lowest = options.quiet ? TROT_LOG_WARNING : TROT_LOG_INFO;
    log_.file.open("-", STDERR_FILENO);
    worker_.base = base_.get();
    worker_.room = [](void* self) { static_cast<Server*>(self)->make_room(); };
    worker_.room_argument = this;
}

Server::~Server() = default;

bool Server::load(PlanHandle& plan, std::string& mistakes) const {
    trot_fault fault{};
    fault.size = sizeof fault;
    trot_plan* out = nullptr;
    const int code = options_.config_path.empty()
                         ? trot_plan_parse(to_text(options_.config_text), options_.config_name.c_str(), &out, &fault)
                         : trot_plan_load(options_.config_path.c_str(), &out, &fault);
    if (code == TROT_OK) {
        plan.reset(out);
        return true;
    }
    const char* all = code == TROT_ECONFIG ? trot_plan_mistakes() : nullptr;
    mistakes = all != nullptr ? all : fault.text;
    return false;
}

std::shared_ptr<Snapshot> Server::snapshot(PlanHandle plan, std::string& why) {
    auto made = std::make_shared<Snapshot>();
    made->settings = read_settings(plan.get());
    made->plan = std::move(plan);
    if (!proxy_) return made;
    if (made->settings.upstream.empty()) {
        why = "[standalone] upstream is not set; it says where the application is, like \"http://127.0.0.1:8000\"";
        return nullptr;
    }
    if (worker_.now != nullptr && worker_.now->upstream != nullptr &&
        worker_.now->settings.same_upstream(made->settings))
        made->upstream = worker_.now->upstream;
    else
        made->upstream = Upstream::make(worker_, made->settings, why);
    return made->upstream != nullptr ? made : nullptr;
}

bool Server::open_logs(const Settings& settings, std::string& why) {
    const std::string error_log = settings.error_log.empty() ? "-" : settings.error_log;
    if (!log_.file.open(error_log, STDERR_FILENO)) why = "cannot open error_log " + error_log + ": " + strerror(errno);
    if (why.empty() && proxy_ && !access_.file.open(settings.access_log, STDOUT_FILENO))
        why = "cannot open access_log " + settings.access_log + ": " + strerror(errno);
    return why.empty();
}

// New addresses are opened before anything old is closed.
bool Server::open_listeners(const Settings& settings, Listeners& opened, std::string& why) {
    const auto open = [&](Door door, const std::string& text) {
        const auto same = [&](const std::unique_ptr<Listener>& one) {
            return one->door() == door && one->setting() == text;
        };
        if (std::any_of(listeners_.begin(), listeners_.end(), same)) return true;
        auto listener = Listener::open(worker_, door, text, why);
        if (listener == nullptr) return false;
        opened.push_back(std::move(listener));
        return true;
    };
    return std::all_of(settings.listen.begin(), settings.listen.end(),
                       [&](const auto& text) { return open(Door::proxy, text); }) &&
           std::all_of(settings.admin_listen.begin(), settings.admin_listen.end(),
                       [&](const auto& text) { return open(Door::admin, text); });
}

void Server::adopt(const Settings& settings, Listeners opened) {
    std::erase_if(listeners_, [&](const std::unique_ptr<Listener>& one) {
        const auto& wanted = one->door() == Door::proxy ? settings.listen : settings.admin_listen;
        return std::find(wanted.begin(), wanted.end(), one->setting()) == wanted.end();
    });
    for (auto& listener : opened) {
        log_.say(TROT_LOG_NOTICE,
                 (listener->door() == Door::proxy ? "listening on " : "admin listening on ") + listener->address());
        listeners_.push_back(std::move(listener));
    }
}

bool Server::start_engine(std::string& why) {
    trot_options options{};
    options.size = sizeof options;
    options.abi = TROT_ABI;
    options.dispatch = 1;
    options.host_name = to_text(proxy_ ? "standalone" : "dispatch");
    trot_fault fault{};
    fault.size = sizeof fault;
    trot_engine* engine = nullptr;
    if (trot_engine_start(worker_.now->plan.get(), &options, &engine, &fault) != TROT_OK) {
        why = std::string("the engine did not start: ") + fault.text;
        return false;
    }
    engine_.reset(engine);
    worker_.engine = engine;
    engine_event_.reset(event_new(base_.get(), trot_engine_fd(engine), EV_READ | EV_PERSIST, engine_ready, this));
    if (engine_event_ != nullptr && event_add(engine_event_.get(), nullptr) == 0) return true;
    why = "the engine's descriptor could not be watched: out of memory";
    return false;
}

void Server::say_warnings(const trot_plan* plan) {
    for (size_t n = 0;; ++n) {
        const trot_text warning = trot_plan_warning(plan, n);
        if (warning.len == 0) return;
        log_.say(TROT_LOG_WARNING, to_view(warning));
    }
}

int Server::run() {
    if (base_ == nullptr) return 3;
    Signals::ignore_deadly();
    raise_file_limit();
    PlanHandle plan;
    std::string why;
    if (!load(plan, why)) {
        fprintf(stderr, "%s\n", why.c_str());
        return 1;
    }
    worker_.now = snapshot(std::move(plan), why);
    if (worker_.now == nullptr) {
        fprintf(stderr, "%s\n", why.c_str());
        return 1;
    }
    last_call_ = std::make_unique<Deadline>(
        base_.get(), [](void* self) { static_cast<Server*>(self)->over_ = true; }, this);
    log_timer_ = std::make_unique<Deadline>(
        base_.get(), [](void*) {}, this);
    watch_signals();  // before anybody can connect: who sees us listen may send HUP, which kills whoever does not watch
    const Settings& settings = worker_.now->settings;
    Listeners opened;
    if (!open_logs(settings, why) || (proxy_ && !open_listeners(settings, opened, why)) || !start_engine(why)) {
        log_.say(TROT_LOG_ERROR, why);
        return 3;
    }
    say_warnings(worker_.now->plan.get());
    adopt(settings, std::move(opened));
    if (!proxy_) log_.say(TROT_LOG_NOTICE, "dispatching");
    loop();
    stop_engine();
    return 0;
}

void Server::watch_signals() {
    signals_ = std::make_unique<Signals>(base_.get());
    signals_->on(SIGHUP, [this] { reload(); });
    signals_->on(SIGUSR1, [this] { reopen_logs(); });
    signals_->on(SIGQUIT, [this] { leave(worker_.now->settings.drain_timeout_ms, true); });
    const auto stop = [this] { leave(worker_.now->settings.stop_timeout_ms / 2, false); };
    signals_->on(SIGTERM, stop);
    signals_->on(SIGINT, stop);
}

void Server::loop() {
    while (!over_ && !finished()) {
        if (event_base_loop(base_.get(), EVLOOP_ONCE) < 0) break;
        turn();
    }
}

void Server::turn() {
    worker_.end_turn();
    if (access_.wants_timer() && !log_timer_->is_set()) log_timer_->set(kLogFlushMs);
    const uint64_t dropped = access_.file.dropped();
    if (dropped == told_dropped_ || access_.wants_timer()) return;
    log_.say(TROT_LOG_WARNING,
             std::to_string(dropped - told_dropped_) + " access log lines were dropped: the log took no more");
    told_dropped_ = dropped;
}

void Server::engine_ready(evutil_socket_t, short, void* self) { static_cast<Server*>(self)->reap(); }

void Server::reap() {
    constexpr size_t most = 64;
    trot_done done[most];
    size_t count = 0;
    do {
        done[0].size = sizeof done[0];
        count = trot_engine_reap(engine_.get(), done, most);
        for (size_t i = 0; i < count; ++i) {
            const std::unique_ptr<Completion> completion(static_cast<Completion*>(done[i].user));
            if (completion != nullptr) completion->done(done[i]);
            trot_reply_drop(done[i].reply);
        }
    } while (count == most);
    log_.drain(engine_.get());
}

void Server::reload() {
    if (worker_.leaving) return;
    if (options_.config_path.empty())
        return log_.say(TROT_LOG_WARNING, "HUP: started without a file, so there is nothing to reload");
    PlanHandle plan;
    std::string why;
    Listeners opened;
    std::shared_ptr<Snapshot> next;
    if (!load(plan, why) || (next = snapshot(std::move(plan), why)) == nullptr ||
        (proxy_ && !open_listeners(next->settings, opened, why)))
        return log_.say(TROT_LOG_ERROR, "reload refused, the old configuration stays in force:\n" + why);
    trot_fault fault{};
    fault.size = sizeof fault;
    if (trot_engine_swap(engine_.get(), next->plan.get(), &fault) != TROT_OK)
        return log_.say(TROT_LOG_ERROR,
                        std::string("reload refused, the old configuration stays in force:\n") + fault.text);
    if (!open_logs(next->settings, why)) log_.say(TROT_LOG_ERROR, why + "; the old log stays");
    say_warnings(next->plan.get());
    worker_.now = next;
    adopt(next->settings, std::move(opened));
    make_room();
    log_.say(TROT_LOG_NOTICE, "configuration reloaded");
}

void Server::reopen_logs() {
    if (!log_.file.reopen()) log_.say(TROT_LOG_ERROR, "cannot reopen " + log_.file.path() + ": " + strerror(errno));
    if (!access_.file.reopen())
        log_.say(TROT_LOG_ERROR, "cannot reopen " + access_.file.path() + ": " + strerror(errno));
    log_.say(TROT_LOG_NOTICE, "logs reopened");
}

// Beyond the limit the oldest idle connection makes room; without one, new clients wait in the backlog.
void Server::make_room() {
    if (worker_.now == nullptr) return;
    const size_t most = worker_.now->settings.client_connections;
    auto& clients = worker_.clients;
    if (worker_.client_count < most && !worker_.full) return;
    auto idle =
        std::find_if(clients.begin(), clients.end(), [](const Client* one) { return one->idle() && one->served(); });
    if (worker_.client_count > most && idle != clients.end()) return (*idle)->close();  // comes here again
    const bool full = worker_.client_count >= most && idle == clients.end();
    if (full == worker_.full) return;
    worker_.full = full;
    if (full) log_.say(TROT_LOG_WARNING, "standalone.client_connections is reached: new clients wait");
    for (const auto& listener : listeners_)
        if (listener->door() == Door::proxy) listener->pause(full);
}

}  // namespace trot::host

namespace trot {

int run_host(const HostOptions& options) { return host::Server(options, true).run(); }

int run_dispatch_only(const HostOptions& options) { return host::Server(options, false).run(); }

}  // namespace trot
