// Keyring: the keyed contexts of a subscription's secrets, newest first. A secret may have an end (the overlap of a
// rotation): which ones sign is asked for each attempt, because a Renderer outlives it. Callers: formats. Threads: one.
#pragma once

#include <utility>
#include <vector>

#include "crypto/hmac.h"
#include "crypto/secret.h"

namespace trot {

template <class Key>
class Keyring {
  public:
    void add(Key key, int64_t until_s) { entries_.push_back({std::move(key), Secret(std::string(), until_s)}); }
    bool empty() const { return entries_.empty(); }

    // What signs at that time; of a ring that is not empty never nothing: a signature by a key that has ended tells a
    // receiver more than none.
    std::vector<Key*> holding(int64_t at_s) {
        std::vector<Key*> out;
        for (Entry& entry : entries_)
            if (entry.end.holds(at_s)) out.push_back(&entry.key);
        if (out.empty() && !entries_.empty()) out.push_back(&entries_.front().key);
        return out;
    }
    // The one, for formats that carry one signature. The ring must not be empty.
    Key& newest(int64_t at_s) {
        for (Entry& entry : entries_)
            if (entry.end.holds(at_s)) return entry.key;
        return entries_.front().key;
    }

  private:
    struct Entry {
        Key key;
        Secret end;  // empty: only when it ends
    };
    std::vector<Entry> entries_;
};

// The secrets' own bytes as keys.
inline Keyring<Hmac> plain_keys(const std::vector<Secret>& secrets, Digest digest = Digest::sha256) {
    Keyring<Hmac> out;
    for (const Secret& secret : secrets) out.add(Hmac(digest, secret.reveal()), secret.until_s());
    return out;
}

// Is `given` what one of the secrets that hold makes of the pieces? spell: hex or base64.
inline bool plain_proof(const std::vector<Secret>& secrets, int64_t now_s, Digest digest,
                        std::initializer_list<std::string_view> pieces, std::string_view given,
                        std::string (*spell)(std::string_view)) {
    bool proven = false;
    for (const Secret& secret : secrets)
        if (secret.holds(now_s) && same_secret(given, spell(Hmac(digest, secret.reveal()).sign(pieces)))) proven = true;
    return proven;
}

// Of secrets that are taken as they are. `what`: "a Stripe secret".
inline Result<void> check_plain_secret(const Secret& secret, std::string_view what) {
    if (secret.reveal().size() >= 16) return {};
    return Fault{Code::config, "the secret has " + std::to_string(secret.reveal().size()) + " bytes; " +
                                   std::string(what) + " should have at least 16"};
}

}  // namespace trot
