// TopicIndex: topic → endpoints that asked for it: exact names by hash, "order.*" by its prefix, "*" always. Says the
// same as topic_matches() of plan/plan.h (a test compares them). Callers: expander. Threads: the dispatcher's; rebuilt
// on each reload.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dispatch/endpoint.h"

namespace trot {

class TopicIndex {
  public:
    void add(const std::string& pattern, const EndpointRef& endpoint);
    void clear();
    bool empty() const { return exact_.empty() && prefixes_.empty() && all_.empty(); }
    // Each endpoint once, in the order of their numbers.
    void find(const std::string& topic, std::vector<Endpoint*>& into) const;

  private:
    std::unordered_map<std::string, std::vector<EndpointRef>> exact_;
    std::unordered_map<std::string, std::vector<EndpointRef>> prefixes_;  // "order." for "order.*"
    std::vector<EndpointRef> all_;
};

}  // namespace trot
