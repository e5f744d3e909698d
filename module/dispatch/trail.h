// Trail: which deliveries of ours led to a change, as far as it can be known. Each delivery carries a token (field
// trotline-hop, and tracestate's member "trotline", which tracing libraries pass on by themselves); whoever changes
// something because of the delivery and sends the token along lets us see the circle. The token is signed with a key of
// the store, so that nobody can make one up to keep a change from a subscription; it holds a day. Callers: topics
// (reads), tracing (writes). Threads: a TrailKey belongs to one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/hmac.h"
#include "crypto/secret.h"

namespace trot {

struct Trail {
    unsigned hops = 0;         // deliveries one after another
    std::vector<int64_t> via;  // the subscriptions of the last of them, the newest last
};

inline constexpr size_t most_via = 4;

// The store's key, from the file trail.key in its directory; made (0600) where there is none. [blocks]
Result<Secret> trail_secret(const std::string& directory);

class TrailKey {
  public:
    explicit TrailKey(const Secret& key);

    // "hops.seconds.via.via.mac", letters, digits and dots: fits a header field and a tracestate member.
    std::string spell(const Trail& trail, int64_t now_s);
    // Nothing when it is none of ours, or too old.
    std::optional<Trail> read(std::string_view token, int64_t now_s);

  private:
    Hmac mac_;
};

// The trail of a delivery for `subscription` of an event with that trail.
Trail longer(const Trail& trail, int64_t subscription);

}  // namespace trot
