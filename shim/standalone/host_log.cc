#include "shim/standalone/host_log.h"

#include <ctime>
#include <string>

namespace trot::host {
namespace {

constexpr const char* kNames[] = {"debug", "info", "notice", "warning", "error", "alarm"};

std::string stamp() {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    tm parts{};
    gmtime_r(&now.tv_sec, &parts);
    char text[40];
    std::string out(text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts));
    const std::string ms = std::to_string(1000 + now.tv_nsec / 1000000);
    return out.append(ms, 1, 3) + "Z";
}

}  // namespace

void HostLog::say(int level, std::string_view text) {
    if (level < lowest) return;
    const std::string head =
        stamp() + " [" + kNames[level < 0 || level > TROT_LOG_ALARM ? TROT_LOG_ALARM : level] + "] ";
    while (!text.empty()) {
        const size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (!line.empty()) file.append(head + std::string(line) + "\n");
    }
    file.flush();
}

void HostLog::drain(trot_engine* engine) {
    char line[4096];
    int level = TROT_LOG_INFO;
    while (trot_log_drain(engine, line, sizeof line, &level) > 0) say(level, line);
}

}  // namespace trot::host
