// Probe: what would a delivery to this URL meet? Its name, what the guard says of each address, the connection, the TLS
// handshake with its chain, name, pins and days left; no request is sent. Callers: engine/online. Threads: any; blocks
// for at most twice the connect timeout and a moment.
#pragma once

#include <string>
#include <string_view>

#include "egress/guard.h"
#include "egress/transport.h"

namespace trot {

struct ProbeFinding {
    bool works = false;
    std::string says;     // "192.0.2.7:443, TLSv1.3, certificate for 36 days"; or what is wrong
    std::string right;    // what would be right, when it does not work
    std::string warning;  // it works, but not for long
};

// ca_file: of [egress], "" is the system's bundle. place: who has the key `allow`, see remedy(). now_s: Unix seconds,
// for the days left. The guard has no say where options are the upstream's.
ProbeFinding probe(const TargetOptions& options, const Guard& guard, const std::string& ca_file, std::string_view place,
                   int64_t now_s);

}  // namespace trot
