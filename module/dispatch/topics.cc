#include "dispatch/topics.h"

#include <algorithm>

namespace trot {

void TopicIndex::add(const std::string& pattern, const std::shared_ptr<const Listener>& listener) {
    if (pattern == "*")
        all_.push_back(listener);
    else if (pattern.size() > 2 && pattern.ends_with(".*"))
        prefixes_[pattern.substr(0, pattern.size() - 1)].push_back(listener);
    else
        exact_[pattern].push_back(listener);
}

void TopicIndex::find(const std::string& topic, std::vector<const Listener*>& into) const {
    into.clear();
    const auto take = [&into](const Listeners& from) {
        for (const std::shared_ptr<const Listener>& listener : from) into.push_back(listener.get());
    };
    take(all_);
    if (const auto found = exact_.find(topic); found != exact_.end()) take(found->second);
    if (!prefixes_.empty() && !topic.empty())
        for (size_t dot = topic.find('.'); dot < topic.size() - 1; dot = topic.find('.', dot + 1))
            if (const auto found = prefixes_.find(topic.substr(0, dot + 1)); found != prefixes_.end())
                take(found->second);
    std::sort(into.begin(), into.end(),
              [](const Listener* a, const Listener* b) { return a->subscription < b->subscription; });
    into.erase(std::unique(into.begin(), into.end(),
                           [](const Listener* a, const Listener* b) { return a->subscription == b->subscription; }),
               into.end());
}

}  // namespace trot
