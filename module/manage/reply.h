// Reply: an HTTP answer of ours. Callers: manage, engine. Threads: plain values.
#pragma once

#include <string>

#include "base/text.h"

namespace trot {

struct Reply {
    int status = 200;
    Fields fields;  // without Content-Length and Connection: those are the host's
    std::string body;
};

}  // namespace trot
