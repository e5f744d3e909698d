// Credential: what a request proves its sender with, reduced to an identity (the user of Basic, the key's id of OAuth
// 1, the subject of a JSON Web Token, else the token itself). The credential stays in memory: what is written of it
// anywhere is the identity's hash (crypto/actor). Callers: the door (which field to keep), origin, spill_format.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "capture/exchange.h"

namespace trot {

// Does a field of that name prove who asks?
bool proves_sender(std::string_view name);

// "" when the request proves nothing that is known here. Of header fields first, then of the query.
std::string identity_of(const Exchange& exchange);

// The hash of that; of an exchange that was written down meanwhile the one that was kept.
std::string actor_of(const Exchange& exchange);

inline constexpr std::string_view kept_actor = "trotline-actor";  // in the request_fields of a written exchange

}  // namespace trot
