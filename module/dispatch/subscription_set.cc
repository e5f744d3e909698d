// What a (re)load writes: which subscriptions there are, in which state, with which shapes.
#include "dispatch/subscriptions.h"
#include "dispatch/tasks.h"
#include "shape/spec.h"
#include "url/check.h"

namespace trot {
namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ",") + word;
    return out;
}

}  // namespace

SubscriptionChange decide_state(const SubscriptionRow* known, const Subscription& wanted, bool url_changed) {
    SubscriptionChange out;
    if (wanted.paused) {
        out.state = SubscriptionState::paused;
        out.reason = paused_by_file;
    }
    if (known == nullptr) return out;
    out.number = known->number;
    out.failures = url_changed ? 0 : known->failures;
    out.failing_ms = url_changed ? 0 : known->failing_ms;
    const bool stays = (known->state == SubscriptionState::disabled && !url_changed) ||
                       (known->state == SubscriptionState::paused && known->reason != paused_by_file);
    out.revived = known->state == SubscriptionState::disabled && !stays;
    if (!stays) return out;
    out.state = known->state;
    out.reason = known->reason;
    return out;
}

Result<void> SubscriptionSet::write(Tx& tx, bool) {
    shapes.clear();
    for (const Subscription& wanted : plan->subscriptions) {
        const Result<int64_t> shape = tx.shape(spell_shape(wanted.shape, wanted.filter));
        if (!shape) return shape.fault();
        shapes.push_back(shape.value());
    }
    const Result<int64_t> shape = tx.shape(spell_shape(plan->delivery.shape, plan->delivery.filter));
    if (!shape) return shape.fault();
    managed_shape = shape.value();
    for (size_t i = 0; i < rows.size(); ++i) {
        if (Result<void> put = tx.put_subscription(rows[i]); !put) return put;
        SubscriptionChange& change = changes[i];
        const SubscriptionRow& row = rows[i];
        // Since it was read an operator may have had his say, or an attempt disabled it.
        if (row.number == seen[i].number && (row.state != seen[i].state || row.reason != seen[i].reason) &&
            seen[i].state != SubscriptionState::removed)
            change = decide_state(&row, plan->subscriptions[i], moved[i]);
        change.number = row.number;
        if (row.state == change.state && row.reason == change.reason && row.failures == change.failures &&
            row.failing_ms == change.failing_ms)
            continue;
        if (Result<void> set =
                tx.set_subscription(change.number, change.state, change.reason, change.failures, change.failing_ms);
            !set)
            return set;
    }
    // In the transaction that makes it known: once, whatever happens.
    for (TaskRow backfill : backfills) {
        backfill.subscription = rows[static_cast<size_t>(backfill.subscription)].number;
        if (Result<void> added = tx.add_task(backfill); !added) return added;
    }
    return tx.keep_subscriptions(names);
}

Result<std::shared_ptr<SubscriptionSet>> Subscriptions::prepare(const PlanPtr& plan) {
    Reader* reader = context_.read();
    if (reader == nullptr) return Fault{Code::store, "the store cannot be read"};
    const Result<std::vector<SubscriptionRow>> known = reader->subscriptions();
    if (!known) {
        context_.read_failed(known.fault());
        return known.fault();
    }
    std::unordered_map<std::string, const SubscriptionRow*> by_name;
    for (const SubscriptionRow& row : known.value())
        if (row.origin == file_origin) by_name[row.name] = &row;

    auto set = std::make_shared<SubscriptionSet>();
    set->plan = plan;
    const int64_t now = context_.clock.wall_ms();
    for (const Subscription& wanted : plan->subscriptions) {
        SubscriptionRow row;
        row.name = wanted.name;
        row.origin = file_origin;
        row.url = redacted_url(wanted.url.text);
        row.topics = joined(wanted.topics);
        row.format = spell_style(wanted.format, wanted.options);
        row.created_ms = row.changed_ms = now;
        const auto found = by_name.find(wanted.name);
        const SubscriptionRow* before = found == by_name.end() ? nullptr : found->second;
        bool url_changed = before != nullptr && before->url != row.url;
        // The store has the query's values redacted; within one run a change of theirs is seen as well.
        if (before != nullptr && !url_changed)
            if (const EndpointRef running = this->known(before->number); running && running->settings != nullptr)
                url_changed = running->settings->url.text != wanted.url.text;
        set->changes.push_back(decide_state(before, wanted, url_changed));
        set->seen.push_back(before != nullptr ? *before : SubscriptionRow());
        set->moved.push_back(url_changed);
        row.state = set->changes.back().state;
        row.reason = set->changes.back().reason;
        row.failures = set->changes.back().failures;
        row.failing_ms = set->changes.back().failing_ms;
        if (before == nullptr && wanted.backfill_ms > 0)
            set->backfills.push_back(first_backfill(wanted, set->rows.size(), now));
        set->names.push_back(row.name);
        set->rows.push_back(std::move(row));
    }
    return set;
}

}  // namespace trot
