// Actor: who made a change, as a name that tells two apart and gives neither away: 16 hex digits of a keyed hash. What
// is hashed is an identity, never a password: a user's name, a key's id, a token as a whole. Callers: capture (of each
// change), dispatch (of a subscription's own credentials). Threads: pure.
#pragma once

#include <string>
#include <string_view>

namespace trot {

std::string actor_hash(std::string_view identity);

}  // namespace trot
