// Tracing: what ties a delivery to the change that led to it, and to the deliveries before it: the client's trace and
// request id, which attempt this is, and the token of the trail (dispatch/trail.h). Callers: sender (writes), topics
// (reads an event's origin). Threads: each one's own.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dispatch/context.h"
#include "dispatch/trail.h"
#include "json/pointer.h"
#include "plan/plan.h"

namespace trot {

// Event::origin, read.
struct Origin {
    std::string request_id, traceparent, tracestate, actor, hop;
};
Origin read_origin(JsonReader& reader, const Event& event);

class Tracing {
  public:
    explicit Tracing(Context& context) : context_(context) {}
    // Appends the headers of one attempt, where the subscription wants them: traceparent (the client's trace, a span of
    // our own), tracestate, x-request-id, trotline-attempt, trotline-hop. Values hold no control byte.
    void add(const Event& event, const Subscription& settings, int64_t subscription, unsigned attempt, Fields& out);

  private:
    std::string hop(const Origin& origin, int64_t subscription);

    Context& context_;
    JsonReader reader_;
    std::shared_ptr<const Secret> secret_;  // key_ is made of
    std::optional<TrailKey> key_;
};

}  // namespace trot
