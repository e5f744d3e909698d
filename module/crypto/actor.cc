#include "crypto/actor.h"

#include "crypto/hmac.h"

namespace trot {

std::string actor_hash(std::string_view identity) {
    return hex(Hmac(Digest::sha256, "trotline actor 1").sign({identity}).substr(0, 8));
}

}  // namespace trot
