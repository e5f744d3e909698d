#include "manage/registry.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/clock.h"

namespace trot {

// What a caller waits for.
struct Registry::Waited {
    std::mutex lock;
    std::condition_variable changed;
    bool done = false;
    Result<void> result;

    void finish(const Result<void>& outcome) {
        const std::lock_guard<std::mutex> hold(lock);
        result = outcome;
        done = true;
        changed.notify_all();
    }
};

namespace {

constexpr std::chrono::seconds longest_write{10};

// The jobs own what they work on: they may outlive a caller that has waited long enough.
class ChangeJob final : public Job {
  public:
    ChangeJob(std::shared_ptr<std::vector<Change>> changes, std::shared_ptr<Registry::Waited> waited)
        : changes_(std::move(changes)), waited_(std::move(waited)) {}

    // It may run twice: what the store fills in must not be taken for the caller's.
    Result<void> write(Tx& tx) override {
        made_ = *changes_;
        for (Change& change : made_)
            if (Result<void> done = carry_out(tx, change); !done) return done;
        return {};
    }

    void done(const Result<void>& outcome) override {
        if (outcome) changes_->swap(made_);
        waited_->finish(outcome);
    }

    size_t bytes() const override {
        size_t sum = 0;
        for (const Change& change : *changes_)
            sum += 512 + change.managed.settings.size() + change.managed.document.size();
        return sum;
    }

  private:
    static Result<void> carry_out(Tx& tx, Change& change) {
        const int64_t number = change.managed.row.number;
        switch (change.kind) {
            case Change::Kind::add:
                if (Result<void> done = tx.add_managed(change.managed); !done) return done;
                break;
            case Change::Kind::change:
                if (Result<void> done = tx.change_managed(change.managed); !done) return done;
                break;
            case Change::Kind::remove:
                return tx.remove_managed(number);
            case Change::Kind::resend:
                if (Result<void> done = tx.redeliver(change.delivery); !done) return done;
                return tx.touch_subscription(number);
            case Change::Kind::send:
                if (Result<void> done = tx.touch_subscription(number); !done) return done;
                break;
            case Change::Kind::steer:
                return tx.steer_subscription(number, {change.managed.row.state, change.managed.row.reason, 0},
                                             change.to,
                                             change.to == SubscriptionState::paused ? paused_by_operator : "");
        }
        return change.one_off ? send(tx, change) : Result<void>();
    }

    static Result<void> send(Tx& tx, Change& change) {
        Event& event = change.one_off->event;
        event.flags |= event_private;
        if (event.at_ms == 0) event.at_ms = system_clock().wall_ms();
        if (event.hook.empty()) event.hook = "management API";
        if (Result<void> added = tx.add_event(event); !added) return added;
        Delivery delivery;
        delivery.event = event.number;
        delivery.subscription = change.managed.row.number;
        delivery.format = change.one_off->format.empty() ? change.managed.row.format : change.one_off->format;
        delivery.logged = change.managed.row.origin != "file";
        if (Result<void> added = tx.add_delivery(delivery); !added) return added;
        change.delivery = delivery.number;
        return {};
    }

    std::shared_ptr<std::vector<Change>> changes_;
    std::vector<Change> made_;
    std::shared_ptr<Registry::Waited> waited_;
};

class TaskJob final : public Job {
  public:
    TaskJob(TaskRow task, bool end, std::shared_ptr<TaskRow> written, std::shared_ptr<Registry::Waited> waited)
        : task_(std::move(task)), end_(end), written_(std::move(written)), waited_(std::move(waited)) {}
    Result<void> write(Tx& tx) override {
        TaskRow task = task_;
        if (end_) {
            const Result<bool> ended = tx.end_task(task.number);
            if (!ended) return ended.fault();
            if (!ended.value()) task.number = 0;
        } else if (Result<void> added = tx.add_task(task); !added) {
            return added;
        }
        *written_ = std::move(task);
        return {};
    }
    void done(const Result<void>& outcome) override { waited_->finish(outcome); }

  private:
    TaskRow task_;
    bool end_;
    std::shared_ptr<TaskRow> written_;
    std::shared_ptr<Registry::Waited> waited_;
};

class NonceJob final : public Job {
  public:
    NonceJob(std::string name, int64_t until_ms, std::shared_ptr<bool> fresh, std::shared_ptr<Registry::Waited> waited)
        : name_(std::move(name)), until_ms_(until_ms), fresh_(std::move(fresh)), waited_(std::move(waited)) {}
    Result<void> write(Tx& tx) override {
        const Result<bool> fresh = tx.take_nonce(name_, until_ms_);
        if (!fresh) return fresh.fault();
        *fresh_ = fresh.value();
        return {};
    }
    void done(const Result<void>& outcome) override { waited_->finish(outcome); }

  private:
    std::string name_;
    int64_t until_ms_;
    std::shared_ptr<bool> fresh_;
    std::shared_ptr<Registry::Waited> waited_;
};

}  // namespace

Result<Reader*> Registry::reader() {
    if (!reader_) {
        Result<std::unique_ptr<Reader>> made = store_.reader();
        if (!made) return made.fault();
        reader_ = std::move(made).value();
    }
    return reader_.get();
}

Result<ManagedPage> Registry::list(const ManagedQuery& query) {
    const Result<Reader*> reader = this->reader();
    return reader ? reader.value()->list_managed(query) : Result<ManagedPage>(reader.fault());
}

Result<ManagedRow> Registry::find(const std::string& api, const std::string& id) {
    const Result<Reader*> reader = this->reader();
    return reader ? reader.value()->managed(api, id) : Result<ManagedRow>(reader.fault());
}

Result<CallPage> Registry::calls(const CallQuery& query) {
    const Result<Reader*> reader = this->reader();
    return reader ? reader.value()->list_calls(query) : Result<CallPage>(reader.fault());
}

Result<std::vector<Event>> Registry::events(const Filter& filter) {
    const Result<Reader*> reader = this->reader();
    return reader ? reader.value()->list_events(filter) : Result<std::vector<Event>>(reader.fault());
}

Result<EventPage> Registry::events(const EventQuery& query) {
    const Result<Reader*> reader = this->reader();
    return reader ? reader.value()->list_event_page(query) : Result<EventPage>(reader.fault());
}

Result<Event> Registry::event(int64_t number) {
    const Result<Reader*> reader = this->reader();
    return reader ? reader.value()->event(number) : Result<Event>(reader.fault());
}

Result<void> Registry::submit(const std::shared_ptr<Waited>& waited, std::unique_ptr<Job> job) {
    if (!store_.writer().submit(job)) return Fault{Code::stopped, "the engine stops"};
    std::unique_lock<std::mutex> hold(waited->lock);
    if (!waited->changed.wait_for(hold, longest_write, [&] { return waited->done; }))
        return Fault{Code::late, "the store takes longer than ten seconds; whether it was written is not known"};
    return waited->result;
}

Result<void> Registry::apply(std::vector<Change>& changes) {
    const auto waited = std::make_shared<Waited>();
    const auto work = std::make_shared<std::vector<Change>>(changes);
    Result<void> done = submit(waited, std::make_unique<ChangeJob>(work, waited));
    if (!done) return done;
    changes = std::move(*work);
    changed_();
    return {};
}

Result<void> Registry::apply(Change& change) {
    std::vector<Change> one{change};
    Result<void> done = apply(one);
    if (done) change = std::move(one.front());
    return done;
}

Result<void> Registry::add_task(TaskRow& task) {
    const auto waited = std::make_shared<Waited>();
    const auto written = std::make_shared<TaskRow>();
    Result<void> done = submit(waited, std::make_unique<TaskJob>(task, false, written, waited));
    if (!done) return done;
    task = *written;
    changed_();
    return {};
}

Result<bool> Registry::end_task(int64_t number) {
    const auto waited = std::make_shared<Waited>();
    const auto written = std::make_shared<TaskRow>();
    TaskRow task;
    task.number = number;
    const Result<void> done = submit(waited, std::make_unique<TaskJob>(task, true, written, waited));
    if (!done) return done.fault();
    return written->number != 0;
}

Result<bool> Registry::first_use(const std::string& nonce, int64_t until_ms) {
    const auto waited = std::make_shared<Waited>();
    const auto fresh = std::make_shared<bool>(false);
    const Result<void> done = submit(waited, std::make_unique<NonceJob>(nonce, until_ms, fresh, waited));
    if (!done) return done.fault();
    return *fresh;
}

}  // namespace trot
