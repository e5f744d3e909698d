#include "dispatch/topics.h"

#include <algorithm>

namespace trot {

void TopicIndex::add(const std::string& pattern, const EndpointRef& endpoint) {
    if (pattern == "*")
        all_.push_back(endpoint);
    else if (pattern.size() > 2 && pattern.ends_with(".*"))
        prefixes_[pattern.substr(0, pattern.size() - 1)].push_back(endpoint);
    else
        exact_[pattern].push_back(endpoint);
}

void TopicIndex::clear() {
    exact_.clear();
    prefixes_.clear();
    all_.clear();
}

void TopicIndex::find(const std::string& topic, std::vector<Endpoint*>& into) const {
    into.clear();
    const auto take = [&into](const std::vector<EndpointRef>& from) {
        for (const EndpointRef& endpoint : from) into.push_back(endpoint.get());
    };
    take(all_);
    if (const auto found = exact_.find(topic); found != exact_.end()) take(found->second);
    if (!prefixes_.empty() && !topic.empty())
        for (size_t dot = topic.find('.'); dot < topic.size() - 1; dot = topic.find('.', dot + 1))
            if (const auto found = prefixes_.find(topic.substr(0, dot + 1)); found != prefixes_.end())
                take(found->second);
    std::sort(into.begin(), into.end(), [](const Endpoint* a, const Endpoint* b) { return a->number < b->number; });
    into.erase(std::unique(into.begin(), into.end()), into.end());
}

}  // namespace trot
