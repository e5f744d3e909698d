#include "dispatch/tasks.h"

#include <algorithm>
#include <set>

#include "crypto/ids.h"
#include "store/task_filter.h"

namespace trot {
namespace {

constexpr size_t task_deliveries = 500;  // 3 ms in the writer (measured)
constexpr size_t task_rows = 5000;       // of deliveries that are looked at
constexpr size_t task_events = 200;      // likewise; they come with their payloads
constexpr size_t task_bytes = size_t{2} << 20;
constexpr uint64_t most_pending = 1000;  // of a subscription: more is not made ahead
constexpr int64_t task_pause_ms = 2;
constexpr int64_t look_again_ms = 50;  // what was made may have gone
constexpr int64_t clock_slack_ms = 60000;

bool of_deliveries(const TaskRow& task) { return task.kind == "redeliver" || task.kind == "cancel"; }

std::string name_of(const TaskRow& task) {
    return "task " + std::to_string(task.number) + " (" + task.kind + " " + task.filter + ")";
}

// Those that waited for it in its lane, or for what went in one request with it, go on: they gather, and go alone or in
// batches as their subscription has it.
Result<bool> cancel(Tx& tx, const Delivery& delivery) {
    Result<bool> cancelled = tx.cancel_delivery(delivery.number);
    if (!cancelled || !cancelled.value()) return cancelled;
    Outcome ended;
    ended.batch = delivery.batch != 0;
    ended.attempt.delivery = ended.batch ? delivery.batch : delivery.number;
    ended.lets_go = 2;
    std::vector<Delivery> freed;
    if (Result<void> done = let_go(tx, ended, freed); !done) return done.fault();
    return true;
}

}  // namespace

TaskRow first_backfill(const Subscription& wanted, size_t subscription, int64_t now_ms) {
    TaskFilter filter;
    filter.since_ms = now_ms - wanted.backfill_ms;
    filter.by = "backfill of " + wanted.at;
    TaskRow task;
    task.kind = "backfill";
    task.subscription = static_cast<int64_t>(subscription);
    task.filter = spell_task_filter(filter);
    task.at_event = std::max<int64_t>(0, id_floor(filter.since_ms - clock_slack_ms));
    return task;
}

Result<bool> TaskStep::carry_out(Tx& tx, Delivery& delivery) const {
    if (task.kind == "redeliver") return tx.redeliver(delivery.number, delivery.state);
    if (task.kind == "cancel") return cancel(tx, delivery);
    if (task.kind == "backfill") {
        const Result<bool> has = tx.has_delivery(delivery.event, delivery.subscription);
        if (!has) return has.fault();
        if (has.value()) return false;
    }
    if (Result<void> added = tx.add_delivery(delivery); !added) return added.fault();
    return true;
}

Result<void> TaskStep::write(Tx& tx, bool) {
    done = 0;
    const Result<bool> moved = tx.move_task(task.number, task.at_event, to);
    if (!moved) return moved.fault();
    gone = !moved.value();
    if (gone) return {};
    for (Delivery& delivery : deliveries) {
        const Result<bool> one = carry_out(tx, delivery);
        if (!one) return one.fault();
        done += one.value() ? 1 : 0;
    }
    if (last) {
        const Result<bool> ended = tx.end_task(task.number);
        return ended ? Result<void>() : ended.fault();
    }
    return done > 0 ? tx.count_task(task.number, done) : Result<void>();
}

Tasks::Tasks(Context& context, const TopicIndexPtr& topics, Changed changed)
    : context_(context),
      topics_(topics),
      changed_(std::move(changed)),
      matcher_(context.clock, context.counters),
      timer_(context.base, -1, 0, [this] { look(); }) {}

void Tasks::look() {
    running_ = true;
    if (!flying_) go_on();
}

void Tasks::stop() {
    running_ = false;
    timer_.disarm();
    known_.clear();
    wishes_from_ = wishes_ = nullptr;
}

// The next one that can go on takes a step.
bool Tasks::go_on() {
    Reader* reader = context_.read();
    if (reader == nullptr) return false;
    Result<std::vector<TaskRow>> rows = reader->tasks();
    if (!rows) {
        context_.read_failed(rows.fault());
        return false;
    }
    std::vector<TaskRow>& tasks = rows.value();
    forget_cancelled(tasks);
    const auto behind = std::find_if(tasks.begin(), tasks.end(), [this](const TaskRow& t) { return t.number > last_; });
    std::rotate(tasks.begin(), behind, tasks.end());
    for (TaskRow& task : tasks) {
        last_ = task.number;
        if (known_.try_emplace(task.number).second)
            context_.log.write(
                Level::notice,
                "dispatch: " + name_of(task) +
                    (task.made > 0 ? " goes on after " + std::to_string(task.made) + " deliveries" : " begins"));
        auto step = std::make_shared<TaskStep>();
        step->task = std::move(task);
        const Next next = prepare(*step);
        if (next == Next::failed) return false;
        if (next == Next::wait) {
            timer_.arm_ms(look_again_ms);
            continue;
        }
        flying_ = true;
        LoopJob<TaskStep>::submit(context_, std::move(step),
                                  [this](TaskStep& back, const Result<void>& result) { came_back(back, result); });
        return true;
    }
    return false;
}

void Tasks::forget_cancelled(const std::vector<TaskRow>& tasks) {
    std::erase_if(known_, [&](const auto& known) {
        const bool there =
            std::any_of(tasks.begin(), tasks.end(), [&](const TaskRow& task) { return task.number == known.first; });
        if (!there)
            context_.log.write(Level::notice, "dispatch: task " + std::to_string(known.first) + " has been cancelled");
        return !there;
    });
}

Tasks::Next Tasks::wait(const TaskRow& task, const std::string& reason) {
    std::string& said = known_[task.number].waits_for;
    if (said != reason && !reason.empty())
        context_.log.write(Level::notice, "dispatch: " + name_of(task) + " waits: " + reason);
    said = reason;
    return Next::wait;
}

Tasks::Next Tasks::prepare(TaskStep& step) {
    step.to = step.task.at_event;
    Reader& reader = *context_.read();
    const Result<TaskFilter> filter = read_task_filter(step.task.filter);
    if (!filter) {
        context_.log.write(Level::error, "dispatch: " + name_of(step.task) + " is given up: " + filter.fault().text);
        step.last = true;
        return Next::step;
    }
    return of_deliveries(step.task) ? prepare_deliveries(reader, filter.value(), step)
                                    : prepare_events(reader, filter.value(), step);
}

Tasks::Next Tasks::prepare_deliveries(Reader& reader, const TaskFilter& filter, TaskStep& step) {
    const TaskRow& task = step.task;
    Result<std::vector<Delivery>> picked =
        reader.pick_deliveries(filter, task.subscription, task.at_event, task.until_event, task_rows, step.to);
    if (!picked) {
        context_.read_failed(picked.fault());
        return Next::failed;
    }
    step.deliveries = std::move(picked).value();
    if (step.deliveries.size() > task_deliveries) {
        step.deliveries.resize(task_deliveries);
        step.to = step.deliveries.back().number;
    }
    step.last = step.to >= task.until_event;
    return Next::step;
}

const TopicIndex& Tasks::wishes_of(int64_t subscription) {
    if (wishes_from_ != topics_ || wishes_whose_ != subscription) {
        wishes_from_ = topics_;
        wishes_whose_ = subscription;
        wishes_ = topics_->of(subscription);
    }
    return *wishes_;
}

Tasks::Next Tasks::prepare_events(Reader& reader, const TaskFilter& filter, TaskStep& step) {
    const TaskRow& task = step.task;
    const Result<std::string> name = reader.subscription_label(task.subscription);
    const Result<int64_t> cursor = reader.cursor();
    const Result<uint64_t> pending = reader.pending(task.subscription, most_pending);
    if (!name || !cursor || !pending) {
        context_.read_failed(!name ? name.fault() : !cursor ? cursor.fault() : pending.fault());
        return Next::failed;
    }
    if (name.value().empty()) {
        context_.log.write(Level::warning,
                           "dispatch: " + name_of(task) + " is given up: its subscription has been removed");
        step.last = true;
        return Next::step;
    }
    if (wishes_of(task.subscription).empty())
        return wait(task, "\"" + name.value() + "\" is disabled, and gets nothing until `trotline resume`");
    if (pending.value() >= most_pending) return wait(task, {});
    // What is not expanded yet may get its delivery that way.
    const int64_t until = std::min(task.until_event, cursor.value());
    if (task.at_event >= until && until < task.until_event) return wait(task, {});
    const Result<std::vector<Event>> events = reader.events_after(task.at_event, task_events, task_bytes);
    if (!events) {
        context_.read_failed(events.fault());
        return Next::failed;
    }
    const size_t room = std::min<size_t>(task_deliveries, most_pending - pending.value());
    if (events.value().empty()) step.to = until;
    for (const Event& event : events.value()) {
        const bool beyond = event.number > until;
        if (beyond || step.deliveries.size() >= room) {
            step.to = beyond ? until : event.number - 1;
            break;
        }
        take_event(event, filter, step);
        step.to = event.number;
    }
    step.last = step.to >= task.until_event;
    known_[task.number].waits_for.clear();
    return Next::step;
}

void Tasks::take_event(const Event& event, const TaskFilter& filter, TaskStep& step) {
    if (filter.event > 0 && event.number != filter.event) return;
    if (filter.since_ms > 0 && event.at_ms < filter.since_ms) return;
    if (filter.until_ms > 0 && event.at_ms >= filter.until_ms) return;
    if (!filter.topic.empty() && !topic_matches(filter.topic, event.topic)) return;
    const Hands::Note in_hand = context_.hands.event(event.number);
    matcher_.find(wishes_of(step.task.subscription), event, matches_);
    for (const Listener* listener : matches_) {
        Delivery delivery;
        delivery.event = event.number;
        delivery.subscription = listener->subscription;
        delivery.format = listener->format;
        delivery.shape = listener->shape;
        delivery.logged = listener->logged;
        delivery.due_ms = context_.run.now_ms();
        delivery.task = step.task.number;
        step.deliveries.push_back(std::move(delivery));
    }
}

void Tasks::came_back(TaskStep& step, const Result<void>& result) {
    flying_ = false;
    if (!result) {  // the tick tries again
        if (result.fault().code != Code::stopped)
            context_.log.write(Level::error,
                               "dispatch: a step of " + name_of(step.task) +
                                   " could not be written and will be tried again: " + result.fault().text);
        if (!running_) changed_(0, false);
        return;
    }
    if (step.last && !step.gone) {
        context_.log.write(Level::notice, "dispatch: " + name_of(step.task) + " has ended: " +
                                              std::to_string(step.task.made + step.done) + " deliveries");
        known_.erase(step.task.number);
    }
    std::set<int64_t> changed;
    if (step.done > 0)
        for (const Delivery& delivery : step.deliveries) changed.insert(delivery.subscription);
    if (!of_deliveries(step.task))
        context_.counters.expanded.fetch_add(static_cast<uint64_t>(step.done), std::memory_order_relaxed);
    for (const int64_t subscription : changed) changed_(subscription, step.task.kind == "cancel");
    if (running_)
        timer_.arm_ms(task_pause_ms);
    else
        changed_(0, false);
}

}  // namespace trot
