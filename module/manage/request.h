// A management request as the host has it. Callers: the door, engine, manage. Threads: plain values.
#pragma once

#include <string>

#include "base/text.h"

namespace trot {

struct ManageRequest {
    std::string method, target, host;
    Fields fields;
    std::string body;
    bool secure = false;  // it came to the host over TLS
};

}  // namespace trot
