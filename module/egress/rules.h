// The guard of a plan: its [egress] networks, and our own listeners and upstream, which no delivery may reach (a
// delivery that comes back in through our own front would be a new change, and loop). Callers: dispatch (each plan),
// the door (`trotline guard`, and each load). Threads: pure.
#pragma once

#include "egress/guard.h"
#include "plan/plan.h"

namespace trot {

struct TargetOptions;  // egress/transport.h

// Fault{Code::config} names the network that cannot be read; the loader has refused those before.
Result<Guard> guard_of(const Plan& plan);

// How the endpoint of a subscription is known, and how we prove who we are to it.
void adopt_tls(TargetOptions& options, const TlsRules& rules);

// For the loader (Vocabulary::refused): a URL that names an address, or this machine ("localhost"), and that no
// delivery reaches: why, and what would be right. "" where deliveries may go, and for names: those are asked for when
// it delivers.
std::string refusal_of(const Plan& plan, const CheckedUrl& url, const std::vector<std::string>& allow,
                       std::string_view place);

// The same list of networks for one subscription's `allow`.
Result<std::vector<Network>> networks_of(const std::vector<std::string>& texts);

}  // namespace trot
