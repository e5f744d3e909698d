// The guard of a plan: its [egress] networks, and our own listeners and upstream, which no delivery may reach (a
// delivery that comes back in through our own front would be a new change, and loop). Callers: dispatch (each plan),
// the door (`trotline guard`). Threads: pure.
#pragma once

#include "egress/guard.h"
#include "plan/plan.h"

namespace trot {

struct TargetOptions;  // egress/transport.h

// Fault{Code::config} names the network that cannot be read; the loader has refused those before.
Result<Guard> guard_of(const Plan& plan);

// How the endpoint of a subscription is known, and how we prove who we are to it.
void adopt_tls(TargetOptions& options, const TlsRules& rules);
bool same_tls(const TlsRules& a, const TlsRules& b);

// The same list of networks for one subscription's `allow`.
Result<std::vector<Network>> networks_of(const std::vector<std::string>& texts);

}  // namespace trot
