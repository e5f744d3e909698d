// The host's own settings out of a plan, and the snapshot that an exchange keeps: plan, settings and upstream as they
// were when its head was read, so that a reload never mixes two configurations in one exchange. Threads: immutable
// after load.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "shim/standalone/http.h"
#include "trotline/trotline.h"

namespace trot::host {

class Upstream;

struct Settings {
    std::vector<std::string> listen;
    std::vector<std::string> admin_listen;
    std::string upstream;
    std::string upstream_ca_file;
    bool upstream_verify = true;
    std::string access_log;
    std::string error_log;
    http::Limits request_limits;
    http::Limits answer_limits;  // of the upstream's heads
    int64_t header_timeout_ms = 10000;
    int64_t keepalive_timeout_ms = 75000;
    uint64_t body_min_rate = 256;
    int64_t connect_timeout_ms = 5000;
    int64_t upstream_timeout_ms = 60000;
    size_t upstream_connections = 128;
    size_t client_connections = 10000;
    int64_t stop_timeout_ms = 2500;
    int64_t drain_timeout_ms = 30000;
    bool trust_forwarded = false;

    bool same_upstream(const Settings& other) const {
        return upstream == other.upstream && upstream_ca_file == other.upstream_ca_file &&
               upstream_verify == other.upstream_verify;
    }
};

Settings read_settings(const trot_plan* plan);

struct PlanDrop {
    void operator()(trot_plan* plan) const { trot_plan_drop(plan); }
};
using PlanHandle = std::unique_ptr<trot_plan, PlanDrop>;

struct Snapshot {
    PlanHandle plan;
    Settings settings;
    std::shared_ptr<Upstream> upstream;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

inline trot_text to_text(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view to_view(trot_text text) {
    return text.at == nullptr ? std::string_view() : std::string_view(text.at, text.len);
}

}  // namespace trot::host
