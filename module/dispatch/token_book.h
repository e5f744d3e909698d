// TokenBook: the tokens of subscriptions with [subscription.oauth]. One for each (token_url, client, scope, audience),
// fetched when the first delivery needs it, by one request however many wait, renewed before it ends, and fetched anew
// once when the endpoint refuses it with 401. Through the same transport and guard as deliveries. In memory only: a
// token is never logged, stored or shown. Callers: sender. Threads: the dispatcher's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dispatch/context.h"
#include "egress/transport.h"
#include "plan/plan.h"

namespace trot {

inline constexpr std::string_view no_token = "token";  // why an attempt has no status, as SendError's names

using TokenRef = std::shared_ptr<const Secret>;

class TokenBook {
  public:
    // There is a token now (null), or why there is none: the result of the attempt that waited for it.
    using Ready = std::function<void(const SendResult* failure)>;

    explicit TokenBook(Context& context);
    ~TokenBook();

    void start(std::shared_ptr<Transport> transport);  // also after a reload
    void stop();                                       // nobody waits any more: each is told null

    // The subscription's token; null when there is none yet. May ask for the next one.
    TokenRef find(const Subscription& subscription);
    // Runs when there is one, or when it cannot be had; never inside this call.
    void wait(const Subscription& subscription, Ready ready);

    // The endpoint answered 401 to it. True: another one is worth a try.
    bool refused(const Subscription& subscription, const TokenRef& used);
    // It took it.
    void accepted(const Subscription& subscription);

    size_t held() const;     // tokens that can be used
    size_t failing() const;  // whose last fetch failed

  private:
    struct Entry {
        OAuthRules rules;
        std::vector<std::string> allow;  // as the subscription's
        int64_t timeout_ms = 0, connect_timeout_ms = 0;
        TokenRef token;
        int64_t fetched_ms = 0;  // these three in steady time
        int64_t renew_ms = 0;    // worth fetching the next one
        int64_t until_ms = 0;    // not to be used from then on
        bool fetching = false;
        bool failed = false;    // the last fetch
        bool on_trial = false;  // fetched because the one before was refused; not taken by the endpoint yet
        std::vector<Ready> waiting;
        Quiet quiet{10000};
    };

    Entry& know(const Subscription& subscription);
    void fetch(const std::string& key, Entry& entry);
    void answered(const std::string& key, int64_t asked_ms, SendResult result);
    void keep(Entry& entry, Secret value, int64_t asked_ms, int64_t life_ms);

    Context& context_;
    std::shared_ptr<Transport> transport_;
    std::unordered_map<std::string, Entry> entries_;
    std::shared_ptr<TokenBook*> self_;  // answers may come when this has gone
};

}  // namespace trot
