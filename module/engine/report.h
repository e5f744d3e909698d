// Report: an engine's health in JSON and as Prometheus metrics, and the status file that `trotline status` reads beside
// a running host. Callers: engine (errand thread), the door. Threads: pure over atomics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/counters.h"
#include "base/result.h"
#include "engine/gauges.h"

namespace trot {

struct ReportFacts {
    std::string host;         // "standalone", "nginx"
    std::string plan;         // the configuration's file
    uint64_t generation = 0;  // of the plan
    int64_t started_ms = 0, now_ms = 0;
    bool store_open = false, healthy = false;
    std::string dispatcher;  // its JSON, or "null"
};

std::string report_json(const ReportFacts& facts, const Counters& counters);
// store: as it was last looked at; nothing is said of it when it was not.
std::string report_metrics(const ReportFacts& facts, const Counters& counters, const std::optional<StoreGauges>& store);

// <store>/status-<pid>.json, replaced as a whole. No sync: it is worth nothing after a crash.
Result<void> write_status_file(const std::string& store_path, const std::string& json);
void remove_status_file(const std::string& store_path);

}  // namespace trot
