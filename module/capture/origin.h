// Origin: where a change came from, as the event keeps it: the client's request id and trace, who it was, and which
// deliveries of ours led to it. A client can write what it likes into these fields: they are checked for their form
// here, and the hop token for its truth by the dispatcher, which made it (dispatch/trail.h). Callers: evaluate.
// Threads: pure.
#pragma once

#include <memory>
#include <string>

#include "capture/exchange.h"

namespace trot {

// A JSON object with those of "request_id", "traceparent", "tracestate", "actor" and "hop" that are known; null: none
// is.
std::shared_ptr<const std::string> origin_of(const Exchange& exchange);

// W3C Trace Context, version 00 and those after it that begin like it; neither id all zeros.
bool is_traceparent(std::string_view text);

}  // namespace trot
