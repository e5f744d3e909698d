#include "dispatch/subscriptions.h"

#include <algorithm>
#include <utility>

#include "crypto/actor.h"
#include "dispatch/tasks.h"
#include "egress/rules.h"
#include "plan/adopt.h"
#include "plan/subscription_json.h"
#include "url/check.h"
#include "url/tags.h"

namespace trot {
namespace {

constexpr size_t kept_endpoints = 4096;  // of managed subscriptions

// What its deliveries need to know of it when they are made.
Listener listener_of(const Subscription& settings, int64_t shape) {
    Listener out;
    out.lanes = lane_rules(settings);
    out.shape = shape;
    out.max_hops = settings.max_hops;
    for (const Secret& own : settings.own) out.own.push_back(actor_hash(own.reveal()));
    return out;
}

}  // namespace

EndpointRef Subscriptions::make(const SubscriptionRow& row) {
    auto endpoint = std::make_shared<Endpoint>();
    endpoint->number = row.number;
    endpoint->name = row.name;
    by_number_[row.number] = endpoint;
    return endpoint;
}

void Subscriptions::configure(Endpoint& endpoint, std::shared_ptr<const Subscription> settings) {
    TargetOptions options;
    options.url = settings->url;
    // Tags are filled in for each delivery; what stands for them until then is asked for by nobody.
    const Format* format = find_format(settings->format);
    endpoint.tagged = format != nullptr && format->policy().check_tags != nullptr && has_tags(options.url.text);
    if (endpoint.tagged)
        if (Result<std::string> plain = without_tags(options.url.text)) options.url.text = std::move(plain).value();
    options.timeout_ms = settings->timeout_ms;
    options.connect_timeout_ms = settings->connect_timeout_ms;
    options.keep_head = endpoint.logged;
    adopt_tls(options, settings->tls);
    if (Result<std::vector<Network>> networks = networks_of(settings->allow))
        options.allow = std::move(networks).value();
    Result<std::shared_ptr<Target>> target = transport_->target(options);
    if (!target)
        context_.log.write(Level::error, "dispatch: subscription \"" + endpoint.name +
                                             "\" cannot be delivered to: " + target.fault().text);
    endpoint.target = target ? std::move(target).value() : nullptr;
    endpoint.target_options = std::move(options);
    endpoint.style = find_style(spell_style(settings->format, settings->options));
    endpoint.forget_renderers();
    const unsigned share = plan_->subscriptions.size() + managed_.size() > 1 ? std::max(1U, slots_ / 4) : slots_;
    endpoint.cap = std::max(1U, std::min(settings->concurrency, share));
    const bool moved = endpoint.adopt(std::move(settings));
    want_consent(endpoint, *transport_);
    endpoint.set_gate(gates_.find(*endpoint.settings, moved ? nullptr : endpoint.gate));
}

Subscriptions::Applied Subscriptions::apply(const SubscriptionSet& set, std::shared_ptr<Transport> transport,
                                            unsigned slots) {
    const bool same = transport_ == transport && slots_ == slots && plan_ &&
                      plan_->egress.urls.extra_ports == set.plan->egress.urls.extra_ports &&
                      plan_->delivery == set.plan->delivery && plan_->delivery_says == set.plan->delivery_says;
    const PlanPtr last = std::exchange(plan_, set.plan);
    transport_ = std::move(transport);
    slots_ = slots;
    managed_shape_ = set.managed_shape;
    Applied out;
    std::unordered_map<int64_t, EndpointRef> before;
    before.swap(by_number_);
    for (size_t i = 0; i < set.rows.size(); ++i) {
        const SubscriptionChange& change = set.changes[i];
        EndpointRef endpoint;
        bool anew = true;
        if (const auto found = before.find(change.number); found != before.end()) {
            endpoint = found->second;
            anew = false;
            before.erase(found);
            by_number_[change.number] = endpoint;
        } else {
            endpoint = make(set.rows[i]);
        }
        endpoint->take_state(change, anew);
        endpoint->shape = i < set.shapes.size() ? set.shapes[i] : 0;
        // The plan is kept by what points into it.
        configure(*endpoint, std::shared_ptr<const Subscription>(set.plan, &set.plan->subscriptions[i]));
        out.present.push_back(std::move(endpoint));
    }
    for (const auto& [number, endpoint] : before) {
        const auto managed = managed_.find(number);
        const ApiConfig* api = managed != managed_.end() ? api_of(*plan_, managed->second.origin) : nullptr;
        const ApiConfig* was = same && api != nullptr ? api_of(*last, managed->second.origin) : nullptr;
        if (api != nullptr && ((was != nullptr && *was == *api) || load_managed(*endpoint))) {
            by_number_[number] = endpoint;
            out.present.push_back(endpoint);
            continue;
        }
        endpoint->state = SubscriptionState::removed;
        out.gone.push_back(endpoint);
    }
    index();
    return out;
}

// ---- those that APIs make

// Its settings from the store into its endpoint. False: they cannot be had now, or it has gone.
bool Subscriptions::load_managed(Endpoint& endpoint) {
    Reader* reader = context_.read();
    if (reader == nullptr) return false;
    Result<ManagedRow> row = reader->managed(endpoint.number);
    if (!row) {
        if (row.fault().code != Code::not_found) context_.read_failed(row.fault());
        return false;
    }
    const ApiConfig* api = api_of(*plan_, row.value().row.origin);
    if (api == nullptr) return false;
    Result<Subscription> settings = read_settings(row.value().settings, plan_->egress.urls);
    if (!settings) {
        context_.log.write(Level::error, "dispatch: subscription " + row.value().row.name + " of API \"" + api->name +
                                             "\" cannot be delivered to: " + settings.fault().text);
        return false;
    }
    settings.value().name = row.value().title;
    adopt_rules(settings.value(), *plan_);
    adopt_api(settings.value(), *api);
    endpoint.name = api->name + "/" + row.value().row.name;
    endpoint.id = row.value().row.name;
    endpoint.logged = true;
    endpoint.shape = managed_shape_;
    endpoint.state = row.value().row.state;
    endpoint.reason = row.value().row.reason;
    endpoint.failures = row.value().row.failures;
    endpoint.failing_ms = endpoint.sick_ms = row.value().row.failing_ms;
    endpoint.failing_kept = endpoint.failing_ms != 0;
    endpoint.changed_ms = row.value().row.changed_ms;
    configure(endpoint, std::make_shared<const Subscription>(std::move(settings).value()));
    return true;
}

EndpointRef Subscriptions::make_managed(int64_t number) {
    const auto managed = managed_.find(number);
    if (managed == managed_.end() || !plan_ || api_of(*plan_, managed->second.origin) == nullptr) return nullptr;
    auto endpoint = std::make_shared<Endpoint>();
    endpoint->number = number;
    if (!load_managed(*endpoint)) return nullptr;
    by_number_[number] = endpoint;
    return endpoint;
}

// An operator has paused or resumed it, or has something for it alone. What the configuration says of it stands.
void Subscriptions::take_file(const SubscriptionRow& row, Followed& out) {
    const EndpointRef running = known(row.number);
    if (!running || row.state == SubscriptionState::removed) return;
    SubscriptionChange change{row.number, row.state, row.reason, row.failures, row.failing_ms};
    if (row.state == SubscriptionState::active && running->settings->paused) {
        change.state = SubscriptionState::paused;
        change.reason = paused_by_file;
        out.reload = true;
    }
    running->take_state(change, false);
    out.present.push_back(running);
}

void Subscriptions::take_row(const SubscriptionRow& row, Followed& out) {
    const EndpointRef running = known(row.number);
    if (row.state == SubscriptionState::removed) {
        managed_.erase(row.number);
        by_number_.erase(row.number);
        out.removed.push_back(row.number);
        if (!running) return;
        running->state = SubscriptionState::removed;
        running->ended = true;
        out.gone.push_back(running);
        return;
    }
    managed_[row.number] = managed_of(row);
    if (!running || !plan_) return;
    const SubscriptionState before = running->state;
    if (load_managed(*running)) {
        if (running->state == SubscriptionState::active && before != running->state) running->resumed(before);
        out.present.push_back(running);
        return;
    }
    // What it has become cannot be read now: it sends nothing as what it was, and is made anew when it is needed.
    running->state = SubscriptionState::removed;
    by_number_.erase(row.number);
    out.gone.push_back(running);
}

Result<Subscriptions::Followed> Subscriptions::follow() {
    Followed out;
    Reader* reader = context_.read();
    if (reader == nullptr) return Fault{Code::store, "the store cannot be read"};
    const Result<int64_t> generation = reader->generation();
    if (!generation) {
        context_.read_failed(generation.fault());
        return generation.fault();
    }
    if (generation.value() == generation_) return out;
    const bool first = generation_ < 0;
    const Result<std::vector<SubscriptionRow>> rows = reader->managed_after(generation_);
    if (!rows) {
        context_.read_failed(rows.fault());
        return rows.fault();
    }
    out.changed = true;
    generation_ = generation.value();
    std::vector<int64_t> changed;
    bool whole = first;
    for (const SubscriptionRow& row : rows.value()) {
        generation_ = std::max(generation_, row.generation);
        if (row.origin == file_origin) {
            take_file(row, out);
            whole = true;
            continue;
        }
        changed.push_back(row.number);
        take_row(row, out);
    }
    if (whole)
        index();
    else
        lay_over(changed);
    // What was made for one of them alone is in the store, and nothing told of it.
    if (!first)
        for (const int64_t number : changed)
            if (!known(number) && managed_.contains(number))
                if (const Result<int64_t> due = reader->next_due(number); due && due.value() >= 0)
                    if (EndpointRef made = by_number(number)) out.present.push_back(std::move(made));
    return out;
}

void Subscriptions::note(const Endpoint& endpoint) {
    const auto found = managed_.find(endpoint.number);
    if (found == managed_.end()) return index();
    found->second.state = endpoint.state;
    found->second.reason = endpoint.reason;
    lay_over({endpoint.number});
}

void Subscriptions::forget_idle() {
    if (by_number_.size() < plan_->subscriptions.size() + kept_endpoints) return;
    std::erase_if(by_number_, [this](const auto& entry) {
        const Endpoint& endpoint = *entry.second;
        const bool idle = endpoint.inflight == 0 && endpoint.shaping == 0 && endpoint.queued() == 0 &&
                          !endpoint.listed && !endpoint.more && endpoint.next_due_ms < 0 && !endpoint.breaker.failing();
        return idle && managed_.contains(entry.first);
    });
}

// ---- the index

void Subscriptions::add_to(TopicIndex& topics, int64_t number, const Managed& managed) {
    const ApiConfig* api = plan_ && listens(managed) ? api_of(*plan_, managed.origin) : nullptr;
    if (api == nullptr) return;
    if (const Result<void> added = add_managed(topics, number, managed, api->only, of_apis_); !added)
        context_.log.write(Level::error, "dispatch: a subscription of " + managed.origin +
                                             " gets no deliveries: " + added.fault().text);
}

void Subscriptions::index() {
    of_apis_ = {};
    if (plan_) {
        Subscription made;
        adopt_rules(made, *plan_);
        of_apis_ = listener_of(made, managed_shape_);
    }
    auto topics = std::make_shared<TopicIndex>();
    for (const auto& [number, endpoint] : by_number_) {
        if (endpoint->state == SubscriptionState::disabled || endpoint->state == SubscriptionState::removed) continue;
        if (managed_.contains(number) || endpoint->settings == nullptr || endpoint->style == nullptr) continue;
        Listener one = listener_of(*endpoint->settings, endpoint->shape);
        one.subscription = number;
        one.format = endpoint->style->text;
        add_selected(*topics, one, endpoint->settings);
    }
    for (const auto& [number, managed] : managed_) add_to(*topics, number, managed);
    topics->generation = generation_;
    topics->trail = context_.trail;
    overlaid_.clear();
    whole_ = topics_ = std::move(topics);
}

// Few changes: a small index over the last whole one.
void Subscriptions::lay_over(const std::vector<int64_t>& changed) {
    overlaid_.insert(changed.begin(), changed.end());
    if (!whole_ || overlaid_.size() > 64 + whole_->size() / 16) return index();
    auto topics = std::make_shared<TopicIndex>(whole_, overlaid_);
    for (const int64_t number : overlaid_) {
        if (const auto found = managed_.find(number); found != managed_.end()) add_to(*topics, number, found->second);
    }
    topics->generation = generation_;
    topics->trail = context_.trail;
    topics_ = std::move(topics);
}

void Subscriptions::clear() {
    by_number_.clear();
    managed_.clear();
    generation_ = -1;
    transport_.reset();
    index();
}

EndpointRef Subscriptions::known(int64_t number) const {
    const auto found = by_number_.find(number);
    return found == by_number_.end() ? nullptr : found->second;
}

EndpointRef Subscriptions::by_number(int64_t number) {
    EndpointRef endpoint = known(number);
    return endpoint ? endpoint : make_managed(number);
}

}  // namespace trot
