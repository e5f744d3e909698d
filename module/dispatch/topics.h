// TopicIndex: topic → subscriptions that asked for it: exact names by hash, "order.*" by its prefix, "*" always. Says
// the same as topic_matches() of plan/plan.h (a test compares them). Never changed once it is shared; a reload makes
// another. Callers: subscriptions (builds), expander, fan_out. Threads: any reads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace trot {

// What a delivery needs to know of its subscription when it is made.
struct Listener {
    int64_t subscription = 0;
    std::string format;
};

class TopicIndex {
  public:
    void add(const std::string& pattern, const std::shared_ptr<const Listener>& listener);
    bool empty() const { return exact_.empty() && prefixes_.empty() && all_.empty(); }
    // Each subscription once, in the order of their numbers.
    void find(const std::string& topic, std::vector<const Listener*>& into) const;

  private:
    using Listeners = std::vector<std::shared_ptr<const Listener>>;

    std::unordered_map<std::string, Listeners> exact_;
    std::unordered_map<std::string, Listeners> prefixes_;  // "order." for "order.*"
    Listeners all_;
};

using TopicIndexPtr = std::shared_ptr<const TopicIndex>;

}  // namespace trot
