// Access log: the combined format, then what only we know:
//   ADDR - - [TIME] "METHOD TARGET HTTP/1.1" STATUS BYTES "REFERER" "AGENT" rt=SECONDS hold=SECONDS events=evt_…,evt_…
// BYTES counts the body as sent to the client. rt: from the request's head to the answer's last byte, without waiting
// for a slow client. hold: how long the answer waited for its record; "-" when it did not. events: at most three ids
// and "-" when there is none. A captured exchange's line is written when its record is done, so that the ids are known.
// Threads: the loop's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shim/standalone/log_file.h"

namespace trot::host {

struct AccessEntry {
    std::string_view peer, method, target, referer, agent;
    int minor = 1;
    int status = 0;
    uint64_t bytes = 0;
    int64_t request_ms = 0;
    int64_t hold_ms = -1;  // -1: not held
};

class AccessLog {
  public:
    LogFile file;
    bool enabled() const { return file.enabled(); }
    // The line up to "events="; finish() adds them. Quotes, backslashes and control characters are written as \xHH.
    std::string format(const AccessEntry& entry);
    void finish(std::string line, std::string_view events);
    void turn();  // end of a loop's turn: writes when enough or old enough
    bool wants_timer() const { return file.waiting() > 0; }

  private:
    std::string_view time_now();
    int64_t stamp_second_ = 0;
    std::string stamp_;
    int64_t flushed_ms_ = 0;
};

}  // namespace trot::host
