// TopicIndex: topic → subscriptions that asked for it: exact names by hash, "order.*" by its prefix, "*" always. Says
// the same as topic_matches() of plan/plan.h (a test compares them). Never changed once it is shared; a reload makes
// another. One that differs from another in a few subscriptions is laid over it: with 100,000 subscriptions making it
// anew for each that an API makes would cost the loop 50 ms.
// EventMatcher: which of those an event is for: not one from before they were made, what their terms say, and not what
// they did themselves or what their own deliveries led to.
// Callers: subscriptions (builds), expander, fan_out. Threads: an index any; an EventMatcher its owner's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/counters.h"
#include "dispatch/lanes.h"
#include "dispatch/terms.h"
#include "dispatch/tracing.h"
#include "json/pointer.h"
#include "plan/plan.h"
#include "store/values.h"

namespace trot {

// What a delivery needs to know of its subscription when it is made.
struct Listener {
    int64_t subscription = 0;
    std::string format;
    int64_t since = 0;                                               // only events behind this one
    bool logged = false;                                             // Delivery::logged
    int64_t shape = 0;                                               // Delivery::shape
    std::shared_ptr<const std::vector<FilterTerm>> terms = nullptr;  // null: none
    LaneRulesPtr lanes = nullptr;                                    // null: its deliveries wait for nothing
    std::vector<std::string> own = {};                               // actors whose changes it is not told of
    unsigned max_hops = 4;                                           // deliveries of ours one after another
};

using ListenerPtr = std::shared_ptr<const Listener>;

class TopicIndex {
  public:
    TopicIndex() = default;
    // Over `below`, of which the subscriptions in `hidden` do not count.
    TopicIndex(std::shared_ptr<const TopicIndex> below, std::unordered_set<int64_t> hidden)
        : below_(std::move(below)), hidden_(std::move(hidden)) {}

    void add(const std::string& pattern, const ListenerPtr& listener);
    // Nobody listens, for sure: those below may all be hidden, which is not looked into.
    bool empty() const { return count_ == 0 && (!below_ || below_->empty()); }
    size_t size() const { return count_; }  // patterns, without those below
    // Of that subscription alone, for events from before it was made too.
    std::shared_ptr<const TopicIndex> of(int64_t subscription) const;
    // Everyone who asked for the topic, in the order of their numbers; some more than once when they have terms.
    void find(const std::string& topic, std::vector<const Listener*>& into) const;

    int64_t generation = 0;                         // of the managed subscriptions that are in it
    std::shared_ptr<const Secret> trail = nullptr;  // to read trails with; null: none is believed

  private:
    using Listeners = std::vector<ListenerPtr>;
    void take(const Listeners& from, const TopicIndex* over, std::vector<const Listener*>& into) const;
    void copy(int64_t subscription, TopicIndex& into) const;
    void collect(const std::string& topic, const TopicIndex* over, std::vector<const Listener*>& into) const;

    std::unordered_map<std::string, Listeners> exact_;
    std::unordered_map<std::string, Listeners> prefixes_;  // "order." for "order.*"
    Listeners all_;
    size_t count_ = 0;
    std::shared_ptr<const TopicIndex> below_;
    std::unordered_set<int64_t> hidden_;
};

using TopicIndexPtr = std::shared_ptr<const TopicIndex>;

// What a file's subscription asked for: its topics; where it has conditions, those as well.
void add_selected(TopicIndex& topics, const Listener& as, const std::shared_ptr<const Subscription>& settings);

class EventMatcher {
  public:
    EventMatcher(const Clock& clock, Counters& counters) : clock_(clock), counters_(counters) {}
    // Each subscription once, in the order of their numbers. They live as long as the index.
    void find(const TopicIndex& topics, const Event& event, std::vector<const Listener*>& into);

  private:
    bool fits(const Listener& listener, const Event& event);
    bool goes_round(const TopicIndex& topics, const Listener& listener, const Event& event);
    void learn_origin(const TopicIndex& topics, const Event& event);

    const Clock& clock_;
    Counters& counters_;
    TermReader terms_;
    JsonReader origin_reader_;
    bool origin_known_ = false;  // of the event at hand
    Origin origin_;
    Trail trail_;
};

}  // namespace trot
