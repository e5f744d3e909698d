// Subscriptions: those of the plan and those that management APIs made, numbers and states of the store, and the
// endpoints made from both. File subscriptions are identified by their name, so that a reload keeps number, state,
// failures and pending deliveries. What a reload writes is decided by prepare(), written by the writer, and applied on
// the loop. An API writes by itself; follow() reads what it wrote. Callers: lead. Threads: the dispatcher's;
// SubscriptionSet::write the writer's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dispatch/context.h"
#include "dispatch/endpoint.h"
#include "dispatch/managed.h"
#include "dispatch/outcomes.h"
#include "dispatch/topics.h"
#include "egress/transport.h"
#include "plan/plan.h"

namespace trot {

// What a subscription's state should be, given what the store knows of it (null: nothing).
//   removed → comes back as the file says.
//   disabled (410, too many dead deliveries) → stays so until its url changes, or an operator resumes it
//   (`trotline resume`: it is active in the store, and known as such here).
//   paused by the file → active again when the file no longer says so; paused by an operator → stays.
SubscriptionChange decide_state(const SubscriptionRow* known, const Subscription& wanted, bool url_changed);

inline constexpr std::string_view paused_by_file = "paused in the configuration";
inline constexpr std::string_view file_origin = "file";

// What a (re)load writes, in one transaction.
struct SubscriptionSet {
    PlanPtr plan;
    std::vector<SubscriptionRow> rows;        // in the plan's order; numbers are set by write()
    std::vector<SubscriptionChange> changes;  // in the same order; number 0 until write()
    std::vector<SubscriptionRow> seen;        // in the same order, what prepare() saw; number 0: nothing
    std::vector<bool> moved;                  // in the same order: its url is another one
    std::vector<std::string> names;
    std::vector<TaskRow> backfills;  // of those seen for the first time; `subscription` is an index into rows
    // Delivery::shape of each, and of those that APIs make; set by write().
    std::vector<int64_t> shapes;
    int64_t managed_shape = 0;

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
    Applied apply(const SubscriptionSet& set, std::shared_ptr<Transport> transport, unsigned slots);
    void clear();

    struct Followed {
        bool changed = false;              // there is a new index
        std::vector<EndpointRef> present;  // that may have other settings or deliveries
        std::vector<EndpointRef> gone;
        std::vector<int64_t> removed;  // whose pending deliveries are to be cancelled
        bool reload = false;           // an operator has resumed what the configuration pauses
    };
    // What management APIs and operators changed since the last time. Fault: the store cannot be read now.
    Result<Followed> follow();
    // The dispatcher has changed a state: removed and disabled ones get no new deliveries.
    void note(const Endpoint& endpoint);
    // Endpoints of managed ones that have had nothing to do, when there are more than a few thousand: they are made
    // again when they are needed.
    void forget_idle();

    const TopicIndexPtr& topics() const { return topics_; }  // never null
    // Made when it is an API's and was not needed before. Null: unknown, or the store cannot be read now.
    EndpointRef by_number(int64_t number);
    EndpointRef known(int64_t number) const;
    const std::unordered_map<int64_t, EndpointRef>& all() const { return by_number_; }
    size_t managed() const { return managed_.size(); }

  private:
    EndpointRef make(const SubscriptionRow& row);
    EndpointRef make_managed(int64_t number);
    bool load_managed(Endpoint& endpoint);
    void configure(Endpoint& endpoint, std::shared_ptr<const Subscription> settings);
    void add_to(TopicIndex& topics, int64_t number, const Managed& managed);
    void index();
    void lay_over(const std::vector<int64_t>& changed);
    void take_row(const SubscriptionRow& row, Followed& out);
    void take_file(const SubscriptionRow& row, Followed& out);

    Context& context_;
    PlanPtr plan_;
    std::shared_ptr<Transport> transport_;
    unsigned slots_ = 1;
    Gates gates_;
    int64_t managed_shape_ = 0;
    std::unordered_map<int64_t, EndpointRef> by_number_;
    std::unordered_map<int64_t, Managed> managed_;
    int64_t generation_ = -1;
    TopicIndexPtr topics_ = std::make_shared<const TopicIndex>();
    Listener of_apis_;                      // what [delivery] says of each that an API made
    TopicIndexPtr whole_;                   // the newest that lies over none
    std::unordered_set<int64_t> overlaid_;  // whose entries in whole_ do not count
};

}  // namespace trot
