// Matcher: which hooks could an exchange concern? An immutable radix tree over method and normalised path; judging
// takes about a microsecond with 10,000 hooks, allocates nothing and takes no lock. Callers: the door (judge, on the
// host's loop), capture/evaluate (collect, recorder thread). Threads: immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "plan/plan.h"

namespace trot {

struct RequestHead {  // borrowed
    std::string_view method;
    std::string_view target;
    const Fields* fields = nullptr;     // may be null: then no method override by header
    std::string_view override_method;   // value of X-HTTP-Method-Override when the caller has already looked it up
    std::string_view form_method = {};  // `_method` of the body's form; collect only: a judge has seen no body
};

struct Judgement {
    bool matched = false;
    Guarantee guarantee = Guarantee::async;  // the strongest of the hooks that may match
    OnFault on_fault = OnFault::open;        // `reject` when any of them says so
    uint32_t path_flags = 0;                 // NormalPath::Flag; not looked at for a method that no hook wants
};

struct PathMatch {
    const Hook* hook = nullptr;
    const Route* route = nullptr;
    uint32_t path_flags = 0;
    Fields params;  // template parameters, decoded
};

class Matcher {
  public:
    Matcher(const std::vector<Hook>& hooks, const std::vector<RoutingContext>& contexts, const StoreConfig& store);
    ~Matcher();

    // No allocation, no lock. Where a form may name a POST's method, it may be any: the judge then takes every hook of
    // the path, and collect, which knows, fewer.
    Judgement judge(const RequestHead& head) const;
    std::vector<PathMatch> collect(const RequestHead& head) const;  // the same hooks, with parameters, in file order

  private:
    struct Impl;
    std::unique_ptr<const Impl> impl_;
};

}  // namespace trot
