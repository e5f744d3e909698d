// Members: what goes in one request with others: a batch's deliveries with their events, and its body. The members were
// fixed when the batch was closed, so the bytes are the same on every attempt. Callers: sender. Threads: the
// dispatcher's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dispatch/bodies.h"

namespace trot {

struct Member {
    Delivery delivery;
    EventRef data;
};

struct Members {
    std::vector<Member> list;  // in the order in which they were made

    std::shared_ptr<const std::string> body(const Style& style, Renderer& renderer, const DeliveryView& batch) const;
};

}  // namespace trot
