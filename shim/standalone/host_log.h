// The host's own log and the engine's, on standard error or in error_log: "2026-11-22T02:30:00.123Z [notice] text".
// Threads: the loop's.
#pragma once

#include <string_view>

#include "shim/standalone/log_file.h"
#include "trotline/trotline.h"

namespace trot::host {

class HostLog {
  public:
    LogFile file;
    int lowest = TROT_LOG_INFO;  // levels below it are not written

    void say(int level, std::string_view text);  // several lines become several entries
    void drain(trot_engine* engine);             // what the engine has to say
};

}  // namespace trot::host
