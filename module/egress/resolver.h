// Resolver: the seam to names, for checks before a delivery (`trotline guard`, configuration). Deliveries themselves
// resolve inside libcurl and are judged by the address that is about to be connected. Callers: Guard::judge_text; tests
// have a scripted one. Threads: any; resolve() blocks.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "egress/address.h"

namespace trot {

class Resolver {
  public:
    virtual ~Resolver() = default;
    // Every address of the name, never an empty list. Fault{Code::network} when there is none.
    virtual Result<std::vector<Address>> resolve(const std::string& host) const = 0;
};

const Resolver& system_resolver();  // getaddrinfo

}  // namespace trot
