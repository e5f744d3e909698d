// Gate: how many attempts an endpoint may have in flight and how fast they may follow each other: its rate limit, and
// what its own answers ask for (pacer). An endpoint has one of its own, or shares one with all others of the same
// scheme, host and port that say so (share = "origin"); those who share take turns. Callers: sender, subscriptions.
// Threads: the dispatcher's. Times are steady microseconds.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "dispatch/pacer.h"
#include "dispatch/token_bucket.h"
#include "plan/plan.h"

namespace trot {

struct Endpoint;

class Gate {
  public:
    explicit Gate(bool shared) : shared_(shared) {}

    bool shared() const { return shared_; }
    // What a member allows; the lowest rate of all members holds.
    void join(int64_t subscription, const HealthRules& rules);
    void leave(int64_t subscription);

    // Has it room for one more attempt of an endpoint that may have `cap` of them?
    bool room(unsigned cap) const { return inflight_ < pacer_.limit(cap); }
    // When the next one may go; in the past when it may now.
    int64_t ready_us() const { return std::max(bucket_.ready_us(), pacer_.ready_us()); }
    void started(int64_t now_us) {
        ++inflight_;
        bucket_.take(now_us);
        pacer_.started(now_us);
    }
    void ended() { --inflight_; }

    unsigned inflight() const { return inflight_; }
    uint64_t rate() const { return bucket_.an_hour(); }
    Pacer& pacer() { return pacer_; }
    const Pacer& pacer() const { return pacer_; }

    // Of a shared one: whose turn it is. first() passes over those that have gone or have nothing to send now.
    void queue(const std::shared_ptr<Endpoint>& endpoint);
    std::shared_ptr<Endpoint> first();
    void drop_first();

  private:
    void agree();

    const bool shared_;
    std::map<int64_t, HealthRules> members_;
    unsigned inflight_ = 0;
    TokenBucket bucket_;
    Pacer pacer_;
    std::deque<std::weak_ptr<Endpoint>> queue_;
};

using GatePtr = std::shared_ptr<Gate>;

// The shared ones, by origin.
class Gates {
  public:
    // The gate for these settings; `own`: the one that the endpoint has now, if any.
    GatePtr find(const Subscription& settings, const GatePtr& own);

  private:
    std::unordered_map<std::string, std::weak_ptr<Gate>> shared_;
};

}  // namespace trot
