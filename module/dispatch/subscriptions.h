// Subscriptions: from the plan to the store and to endpoints. A file's subscription is known by its name: its number,
// state, failures and pending deliveries survive restarts and reloads, also while its name is missing for a time.
// Callers: dispatcher. Threads: the dispatcher's; SubscriptionSet::write the writer's.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dispatch/context.h"
#include "dispatch/endpoint.h"
#include "dispatch/outcomes.h"
#include "dispatch/topics.h"
#include "egress/transport.h"
#include "plan/plan.h"

namespace trot {

// What a subscription's state should be, given what the store knows of it (null: nothing).
//   removed → comes back as the file says.
//   disabled (410, too many dead deliveries) → stays so until its url changes, or an operator resumes it.
//   paused by the file → active again when the file no longer says so; paused by an operator → stays.
SubscriptionChange decide_state(const SubscriptionRow* known, const Subscription& wanted, bool url_changed);

inline constexpr std::string_view paused_by_file = "paused in the configuration";

// What a (re)load writes, in one transaction.
struct SubscriptionSet {
    PlanPtr plan;
    std::vector<SubscriptionRow> rows;        // in the plan's order; numbers are set by write()
    std::vector<SubscriptionChange> changes;  // in the same order; number 0 until write()
    std::vector<std::string> names;

    Result<void> write(Tx& tx, bool in_doubt);
    static constexpr bool patient = false;
    static constexpr bool overtakes = false;
    size_t bytes() const { return rows.size() * 256; }
};

class Subscriptions {
  public:
    explicit Subscriptions(Context& context) : context_(context) {}

    // What to write for a plan; reads what the store knows.
    Result<std::shared_ptr<SubscriptionSet>> prepare(const PlanPtr& plan);

    struct Applied {
        std::vector<EndpointRef> present, gone;
    };
    // After the write: endpoints as the plan says. Known ones are kept (lanes, breaker, attempts in flight) and get new
    // settings.
    Applied apply(const SubscriptionSet& set, Transport& transport, unsigned slots);
    void clear();

    const TopicIndexPtr& topics() const { return topics_; }  // never null
    void index();  // after a state has changed: removed and disabled ones get no new deliveries
    EndpointRef by_number(int64_t number) const;
    const std::unordered_map<int64_t, EndpointRef>& all() const { return by_number_; }

  private:
    EndpointRef make(const SubscriptionRow& row);
    void configure(Endpoint& endpoint, const PlanPtr& plan, const Subscription& settings, Transport& transport,
                   unsigned slots);

    Context& context_;
    std::unordered_map<int64_t, EndpointRef> by_number_;
    TopicIndexPtr topics_ = std::make_shared<const TopicIndex>();
};

}  // namespace trot
