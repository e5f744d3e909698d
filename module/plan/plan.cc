#include "plan/plan.h"

#include <algorithm>

namespace trot {

const std::string* Plan::setting(std::string_view key, size_t nth) const {
    const auto at = std::lower_bound(settings.begin(), settings.end(), key,
                                     [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
    if (at == settings.end() || at->first != key || nth >= at->second.size()) return nullptr;
    return &at->second[nth];
}

bool topic_matches(std::string_view pattern, std::string_view topic) {
    if (pattern == "*") return true;
    if (pattern.size() > 2 && pattern.substr(pattern.size() - 2) == ".*") {
        const std::string_view stem = pattern.substr(0, pattern.size() - 1);
        return topic.size() > stem.size() && topic.substr(0, stem.size()) == stem;
    }
    return pattern == topic;
}

}  // namespace trot
