#include "dispatch/subscriptions.h"

#include <algorithm>

#include "egress/rules.h"
#include "url/check.h"

namespace trot {
namespace {

constexpr std::string_view file_origin = "file";

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
    const bool stays = (known->state == SubscriptionState::disabled && !url_changed) ||
                       (known->state == SubscriptionState::paused && known->reason != paused_by_file);
    if (!stays) return out;
    out.state = known->state;
    out.reason = known->reason;
    return out;
}

Result<void> SubscriptionSet::write(Tx& tx, bool) {
    for (size_t i = 0; i < rows.size(); ++i) {
        if (Result<void> put = tx.put_subscription(rows[i]); !put) return put;
        SubscriptionChange& change = changes[i];
        change.number = rows[i].number;
        const SubscriptionRow& row = rows[i];
        if (row.state == change.state && row.reason == change.reason && row.failures == change.failures) continue;
        if (Result<void> set = tx.set_subscription(change.number, change.state, change.reason, change.failures); !set)
            return set;
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
            if (const EndpointRef running = by_number(before->number); running && running->settings != nullptr)
                url_changed = running->settings->url.text != wanted.url.text;
        set->changes.push_back(decide_state(before, wanted, url_changed));
        row.state = set->changes.back().state;
        row.reason = set->changes.back().reason;
        row.failures = set->changes.back().failures;
        set->names.push_back(row.name);
        set->rows.push_back(std::move(row));
    }
    return set;
}

EndpointRef Subscriptions::make(const SubscriptionRow& row) {
    auto endpoint = std::make_shared<Endpoint>();
    endpoint->number = row.number;
    endpoint->name = row.name;
    by_number_[row.number] = endpoint;
    return endpoint;
}

void Subscriptions::configure(Endpoint& endpoint, const PlanPtr& plan, const Subscription& settings,
                              Transport& transport, unsigned slots) {
    TargetOptions options;
    options.url = settings.url;
    options.timeout_ms = settings.timeout_ms;
    options.connect_timeout_ms = settings.connect_timeout_ms;
    if (Result<std::vector<Network>> networks = networks_of(settings.allow))
        options.allow = std::move(networks).value();
    Result<std::shared_ptr<Target>> target = transport.target(options);
    if (!target)
        context_.log.write(Level::error, "dispatch: subscription \"" + settings.name +
                                             "\" cannot be delivered to: " + target.fault().text);
    endpoint.target = target ? std::move(target).value() : nullptr;
    endpoint.plan = plan;
    endpoint.settings = &settings;
    endpoint.style = find_style(spell_style(settings.format, settings.options));
    endpoint.forget_renderers();
    const unsigned share = plan->subscriptions.size() > 1 ? std::max(1U, slots / 4) : slots;
    endpoint.cap = std::max(1U, std::min(settings.concurrency, share));
    // A pause longer than the subscription's own longest wait would make the schedule a lie.
    int64_t longest = 0;
    for (const int64_t step : settings.schedule_ms) longest = std::max(longest, step);
    endpoint.breaker.set_longest_pause(std::min<int64_t>(60000, longest));
}

Subscriptions::Applied Subscriptions::apply(const SubscriptionSet& set, Transport& transport, unsigned slots) {
    Applied out;
    std::unordered_map<int64_t, EndpointRef> before;
    before.swap(by_number_);
    for (size_t i = 0; i < set.rows.size(); ++i) {
        const SubscriptionChange& change = set.changes[i];
        EndpointRef endpoint;
        if (const auto found = before.find(change.number); found != before.end()) {
            endpoint = found->second;
            before.erase(found);
            by_number_[change.number] = endpoint;
        } else {
            endpoint = make(set.rows[i]);
        }
        endpoint->state = change.state;
        endpoint->reason = change.reason;
        endpoint->failures = change.failures;
        configure(*endpoint, set.plan, set.plan->subscriptions[i], transport, slots);
        out.present.push_back(std::move(endpoint));
    }
    for (const auto& [number, endpoint] : before) {
        endpoint->state = SubscriptionState::removed;
        out.gone.push_back(endpoint);
    }
    index();
    return out;
}

void Subscriptions::index() {
    auto topics = std::make_shared<TopicIndex>();
    for (const auto& [number, endpoint] : by_number_) {
        if (endpoint->state == SubscriptionState::disabled || endpoint->state == SubscriptionState::removed) continue;
        if (endpoint->settings == nullptr || endpoint->style == nullptr) continue;
        const auto listener = std::make_shared<const Listener>(Listener{number, endpoint->style->text});
        for (const std::string& pattern : endpoint->settings->topics) topics->add(pattern, listener);
    }
    topics_ = std::move(topics);
}

void Subscriptions::clear() {
    by_number_.clear();
    index();
}

EndpointRef Subscriptions::by_number(int64_t number) const {
    const auto found = by_number_.find(number);
    return found == by_number_.end() ? nullptr : found->second;
}

}  // namespace trot
