#include "dispatch/topics.h"

#include <algorithm>

#include "dispatch/own_events.h"

namespace trot {
void TopicIndex::add(const std::string& pattern, const ListenerPtr& listener) {
    ++count_;
    if (pattern == "*")
        all_.push_back(listener);
    else if (pattern.size() > 2 && pattern.ends_with(".*"))
        prefixes_[pattern.substr(0, pattern.size() - 1)].push_back(listener);
    else
        exact_[pattern].push_back(listener);
}

void TopicIndex::take(const Listeners& from, const TopicIndex* over, std::vector<const Listener*>& into) const {
    for (const ListenerPtr& listener : from)
        if (over == nullptr || !over->hidden_.contains(listener->subscription)) into.push_back(listener.get());
}

void TopicIndex::collect(const std::string& topic, const TopicIndex* over, std::vector<const Listener*>& into) const {
    take(all_, over, into);
    if (const auto found = exact_.find(topic); found != exact_.end()) take(found->second, over, into);
    if (prefixes_.empty() || topic.empty()) return;
    for (size_t dot = topic.find('.'); dot < topic.size() - 1; dot = topic.find('.', dot + 1))
        if (const auto found = prefixes_.find(topic.substr(0, dot + 1)); found != prefixes_.end())
            take(found->second, over, into);
}

void TopicIndex::find(const std::string& topic, std::vector<const Listener*>& into) const {
    into.clear();
    collect(topic, nullptr, into);
    if (below_) below_->collect(topic, this, into);
    std::sort(into.begin(), into.end(),
              [](const Listener* a, const Listener* b) { return a->subscription < b->subscription; });
    // Without terms one is as good as the other.
    into.erase(std::unique(into.begin(), into.end(),
                           [](const Listener* a, const Listener* b) {
                               return a->subscription == b->subscription && !a->terms && !b->terms;
                           }),
               into.end());
}

void TopicIndex::copy(int64_t subscription, TopicIndex& into) const {
    const auto some = [&](const std::string& pattern, const Listeners& listeners) {
        for (const ListenerPtr& listener : listeners) {
            if (listener->subscription != subscription) continue;
            auto ageless = std::make_shared<Listener>(*listener);
            ageless->since = 0;
            into.add(pattern, ageless);
        }
    };
    for (const auto& [topic, listeners] : exact_) some(topic, listeners);
    for (const auto& [prefix, listeners] : prefixes_) some(prefix + "*", listeners);
    some("*", all_);
}

std::shared_ptr<const TopicIndex> TopicIndex::of(int64_t subscription) const {
    auto out = std::make_shared<TopicIndex>();
    out->generation = generation;
    out->trail = trail;
    copy(subscription, *out);
    if (below_ && !hidden_.contains(subscription)) below_->copy(subscription, *out);
    return out;
}

void add_selected(TopicIndex& topics, const Listener& as, const std::shared_ptr<const Subscription>& settings) {
    const auto add = [&topics](const std::vector<std::string>& patterns, Listener one) {
        const auto listener = std::make_shared<const Listener>(std::move(one));
        for (const std::string& pattern : patterns) topics.add(pattern, listener);
    };
    if (settings->selectors.empty()) return add(settings->topics, as);
    for (const Selector& selector : settings->selectors) {
        Listener one = as;
        one.terms = std::shared_ptr<const std::vector<FilterTerm>>(settings, &selector.terms);
        add(selector.topics, std::move(one));
    }
}

void EventMatcher::find(const TopicIndex& topics, const Event& event, std::vector<const Listener*>& into) {
    into.clear();
    if ((event.flags & (event_private | event_quarantined)) != 0) return;
    topics.find(event.topic, into);
    terms_.begin();
    origin_known_ = false;
    size_t kept = 0;
    for (const Listener* listener : into) {
        if (kept > 0 && into[kept - 1]->subscription == listener->subscription) continue;
        if (fits(*listener, event) && !goes_round(topics, *listener, event)) into[kept++] = listener;
    }
    into.resize(kept);
    if (kept > 0) leave_out_itself(event, into);
}

void EventMatcher::learn_origin(const TopicIndex& topics, const Event& event) {
    origin_known_ = true;
    origin_ = read_origin(origin_reader_, event);
    trail_ = Trail();
    // Seldom: a key is made each time.
    if (!origin_.hop.empty() && topics.trail)
        trail_ = TrailKey(*topics.trail).read(origin_.hop, clock_.wall_ms() / 1000).value_or(Trail());
}

// Did the subscription make the change itself, or did its own delivery lead to it?
bool EventMatcher::goes_round(const TopicIndex& topics, const Listener& listener, const Event& event) {
    if (!event.origin) return false;
    if (!origin_known_) learn_origin(topics, event);
    const bool own = !origin_.actor.empty() &&
                     std::find(listener.own.begin(), listener.own.end(), origin_.actor) != listener.own.end();
    if (own) counters_.skipped_own.fetch_add(1, std::memory_order_relaxed);
    const bool round = !own && trail_.hops > 0 &&
                       (trail_.hops >= listener.max_hops ||
                        std::find(trail_.via.begin(), trail_.via.end(), listener.subscription) != trail_.via.end());
    if (round) counters_.looped.fetch_add(1, std::memory_order_relaxed);
    return own || round;
}

bool EventMatcher::fits(const Listener& listener, const Event& event) {
    if (event.number <= listener.since) return false;
    return !listener.terms || std::all_of(listener.terms->begin(), listener.terms->end(),
                                          [&](const FilterTerm& term) { return terms_.fits(term, event); });
}

}  // namespace trot
