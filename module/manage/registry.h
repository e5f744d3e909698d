// Registry: the subscriptions that management APIs make, as handlers see them: what it says is done is durable (the
// same group commit as events), and holds for the next exchange on every worker (the leader looks at the generation
// before it expands an event). Callers: handlers. Threads: one (the errands'); every call may block on disk, a write at
// most ten seconds.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/store.h"

namespace trot {

// A message for one subscription alone: ping, confirmation, simulated event. It is delivered like any other, with the
// subscription's endpoint and schedule.
struct OneOff {
    Event event;         // topic, resource, resource_id, action, payload; the rest is filled in
    std::string format;  // spelled style (dialect/style.h); empty: the subscription's
};

struct Change {
    enum class Kind {
        add,     // row: origin is "api:" + the API's name; row.name the id, or empty: the API's next integer
        change,  // row.number says which
        remove,
        send,    // only `one_off`; also to a file's
        resend,  // only `delivery`
        steer    // an operator pauses or resumes it, also a file's: from the row's state and reason
    };
    Kind kind = Kind::add;
    ManagedRow managed;             // add, change: as it is afterwards; remove, send, resend: row.number counts
    std::optional<OneOff> one_off;  // goes out after an add or change, or by itself
    int64_t delivery = 0;
    SubscriptionState to = SubscriptionState::active;  // steer: that, or paused
};

class Registry {
  public:
    // changed: tells the process that leads, once a change is durable; it must not block.
    Registry(Store& store, std::function<void()> changed) : store_(store), changed_(std::move(changed)) {}

    Result<ManagedPage> list(const ManagedQuery& query);
    Result<ManagedRow> find(const std::string& api, const std::string& id);  // Code::not_found
    Result<CallPage> calls(const CallQuery& query);
    Result<std::vector<Event>> events(const Filter& filter);  // without payload, see Filter
    Result<EventPage> events(const EventQuery& query);
    Result<Event> event(int64_t number);

    // All of them or none, in one commit; fills in what the store gives (number, name, times). Code::not_found when one
    // has gone meanwhile; Code::store when it is not known to be durable.
    Result<void> apply(std::vector<Change>& changes);
    Result<void> apply(Change& change);

    // Is this the first use of a nonce, which is remembered until then by all processes of the store?
    Result<bool> first_use(const std::string& nonce, int64_t until_ms);

    // What an operator asked for. add: fills in what the store gives; number 0: there is nothing to do.
    Result<void> add_task(TaskRow& task);
    Result<bool> end_task(int64_t number);  // was it there?
    Result<Reader*> reader();               // for what has no call of its own

    struct Waited;

  private:
    Result<void> submit(const std::shared_ptr<Waited>& waited, std::unique_ptr<Job> job);

    Store& store_;
    std::function<void()> changed_;
    std::unique_ptr<Reader> reader_;
};

}  // namespace trot
