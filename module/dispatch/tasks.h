// Tasks: what an operator asked for that may take many steps: deliveries once more or never, recorded events for a
// subscription. The leader carries them out, a step of each at a time: read beside the writer, written as one small
// transaction that also moves the task on. So no commit is long for it, and a crash at any moment neither leaves out
// nor doubles anything. What is made for a subscription is made a few hundred ahead of what it takes: never a row of a
// million in front of fresh events. Callers: lead, subscriptions (first_backfill). Threads: the dispatcher's;
// TaskStep::write the writer's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dispatch/context.h"
#include "dispatch/timers.h"
#include "dispatch/topics.h"
#include "plan/plan.h"

namespace trot {

struct TaskStep {
    TaskRow task;
    int64_t to = 0;                    // it stands there afterwards
    std::vector<Delivery> deliveries;  // to be made, or those to change
    bool last = false;
    // Set by write()
    int64_t done = 0;
    bool gone = false;  // it has been cancelled, or somebody else has moved it

    Result<void> write(Tx& tx, bool in_doubt);
    static constexpr bool patient = true;
    static constexpr bool overtakes = false;
    size_t bytes() const { return deliveries.size() * 128; }

  private:
    Result<bool> carry_out(Tx& tx, Delivery& delivery) const;
};

class Tasks {
  public:
    // The store has something else for that subscription now; `less`: some of it has been cancelled.
    using Changed = std::function<void(int64_t subscription, bool less)>;
    Tasks(Context& context, const TopicIndexPtr& topics, Changed changed);

    void look();  // now and then: there may be new ones, and some may go on
    void stop();
    bool idle() const { return !flying_; }

  private:
    enum class Next { step, wait, failed };
    struct Known {
        std::string waits_for;  // as it was last said; "": nothing
    };
    bool go_on();
    void forget_cancelled(const std::vector<TaskRow>& tasks);
    Next prepare(TaskStep& step);
    Next prepare_deliveries(Reader& reader, const TaskFilter& filter, TaskStep& step);
    Next prepare_events(Reader& reader, const TaskFilter& filter, TaskStep& step);
    void take_event(const Event& event, const TaskFilter& filter, TaskStep& step);
    Next wait(const TaskRow& task, const std::string& reason);
    const TopicIndex& wishes_of(int64_t subscription);
    void came_back(TaskStep& step, const Result<void>& result);

    Context& context_;
    const TopicIndexPtr& topics_;
    Changed changed_;
    std::map<int64_t, Known> known_;
    int64_t last_ = 0;  // the task that had the last turn
    bool running_ = false;
    bool flying_ = false;
    TopicIndexPtr wishes_from_, wishes_;  // of one subscription, out of which index
    int64_t wishes_whose_ = 0;
    EventMatcher matcher_;
    std::vector<const Listener*> matches_;
    LoopEvent timer_;
};

// What the `backfill` of a subscription that was not known before means. `subscription`: as in SubscriptionSet.
TaskRow first_backfill(const Subscription& wanted, size_t subscription, int64_t now_ms);

}  // namespace trot
