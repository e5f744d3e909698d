#include "dialect/jwks.h"

#include <set>

#include "crypto/digest.h"
#include "dialect/webhook_key.h"

namespace trot {

std::string key_set_json(const Plan& plan, int64_t now_s) {
    std::string out = "{\"keys\":[";
    std::set<std::string> seen;
    for (const Subscription& subscription : plan.subscriptions) {
        for (const Secret& secret : subscription.secrets) {
            if (!secret.holds(now_s)) continue;
            // Many formats take any text for a secret: what is no key of this kind has nothing to publish.
            const Result<WebhookKey> key = WebhookKey::read(secret);
            if (!key || !key.value().asymmetric()) continue;
            const std::string x = base64url(key.value().public_key());
            if (!seen.insert(x).second) continue;
            out += seen.size() > 1 ? ",{" : "{";
            out += R"("kty":"OKP","crv":"Ed25519","x":")" + x + R"(","kid":")" +
                   key_thumbprint(key.value().public_key()) + R"(","use":"sig","alg":"EdDSA"})";
        }
    }
    return out + "]}";
}

}  // namespace trot
