#include "dispatch/topics.h"

#include <algorithm>

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
    if ((event.flags & event_private) != 0) return;
    topics.find(event.topic, into);
    terms_.begin();
    size_t kept = 0;
    for (const Listener* listener : into) {
        if (kept > 0 && into[kept - 1]->subscription == listener->subscription) continue;
        if (fits(*listener, event)) into[kept++] = listener;
    }
    into.resize(kept);
}

bool EventMatcher::fits(const Listener& listener, const Event& event) {
    if (event.number <= listener.since) return false;
    return !listener.terms || std::all_of(listener.terms->begin(), listener.terms->end(),
                                          [&](const FilterTerm& term) { return terms_.fits(term, event); });
}

}  // namespace trot
