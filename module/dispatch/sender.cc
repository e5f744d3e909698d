#include "dispatch/sender.h"

#include <algorithm>

#include "crypto/ids.h"
#include "dialect/view.h"
#include "dispatch/members.h"

namespace trot {
namespace {

constexpr int attempts_a_round = 128;             // then the loop looks at its sockets again
constexpr uint64_t most_event_bytes = 32U << 20;  // of payloads kept for deliveries that wait in memory
constexpr int64_t slow_us = 1000000;
constexpr int64_t try_again_ms = 1000;

}  // namespace

Sender::Sender(Context& context, EventCache& cache, Seams seams)
    : context_(context),
      cache_(cache),
      seams_(std::move(seams)),
      backlog_(context),
      tracing_(context),
      outcomes_(context, [this](const OutcomeBatch& batch) { durable(batch); }),
      tokens_(context),
      timers_(context, [this](const EndpointRef& endpoint) { consider(endpoint); }),
      consents_(context, [this](const EndpointRef& endpoint) { consider(endpoint); }),
      pump_(context.base, -1, 0, [this] { pump(); }),
      self_(std::make_shared<Sender*>(this)) {}

Sender::~Sender() { *self_ = nullptr; }

void Sender::start(std::shared_ptr<Transport> transport, unsigned slots) {
    set_transport(std::move(transport), slots);
    running_ = true;
}

void Sender::set_transport(std::shared_ptr<Transport> transport, unsigned slots) {
    transport_ = std::move(transport);
    consents_.set_transport(transport_);
    slots_ = std::max(1U, slots);
    tokens_.start(transport_);
}

void Sender::stop() {
    running_ = false;
    for (std::deque<EndpointRef>* waiting : {&ring_, &parked_}) {
        for (const EndpointRef& endpoint : *waiting) endpoint->listed = false;
        waiting->clear();
    }
    timers_.clear();
    tokens_.stop();
}

void Sender::offer(const EndpointRef& endpoint, const Delivery& delivery, const EventRef& event) {
    // What comes while the breaker is open will be old when it closes: it joins the backlog.
    if (!running_ || endpoint->fresh.size() >= fresh_items || backlog_.crowded() || !endpoint->active() ||
        endpoint->breaker.open()) {
        backlog_.mark(*endpoint);
    } else if (Item item = item_of(delivery, endpoint->style != nullptr && endpoint->style->text == delivery.format
                                                 ? endpoint->style
                                                 : find_style(delivery.format));
               backlog_.hold(item.number)) {
        if (cache_.bytes() < most_event_bytes) item.data = event;
        endpoint->fresh.push_back(std::move(item));
    }
    consider(endpoint);
}

void Sender::unpark(const EndpointRef& endpoint, Item item) {
    if (!endpoint || !running_ || !endpoint->active()) {
        backlog_.release(item.number);
        if (endpoint) backlog_.mark(*endpoint);
        return;
    }
    endpoint->fresh.push_front(std::move(item));
    consider(endpoint);
}

void Sender::list(const EndpointRef& endpoint) {
    if (!endpoint->listed) {
        endpoint->listed = true;
        ring_.push_back(endpoint);
    }
    pump_.fire();
}

void Sender::consider(const EndpointRef& endpoint) {
    if (!running_ || !endpoint->active()) return;
    const int64_t now = context_.steady_ms();
    if (!backlog_.refill(*endpoint)) timers_.set(endpoint, now + try_again_ms);
    if (endpoint->queued() > 0 && admitted(endpoint, now)) list(endpoint);
    // While its lane is full, what is due already waits for whatever leaves it: that looks again.
    const bool waits = endpoint->next_due_ms >= 0 && !endpoint->more;
    if (waits && (endpoint->backlog.empty() || endpoint->next_due_ms > context_.run.now_ms()))
        timers_.set(endpoint, now + std::max<int64_t>(1, endpoint->next_due_ms - context_.run.now_ms()));
}

void Sender::read_anew(const EndpointRef& endpoint) {
    backlog_.mark(*endpoint);
    consider(endpoint);
}

void Sender::pump() {
    for (int started = 0; started < attempts_a_round; ++started) {
        if (!running_ || ring_.empty() || inflight_ >= slots_ || outcomes_.full()) return;
        const EndpointRef endpoint = std::move(ring_.front());
        ring_.pop_front();
        endpoint->listed = false;
        if (!endpoint->active() || endpoint->queued() == 0) continue;
        if (!admitted(endpoint, context_.steady_ms())) continue;
        if (endpoint->slow && slow_inflight_ >= std::max(1U, slots_ / 4 * 3)) {
            endpoint->listed = true;
            parked_.push_back(endpoint);
            continue;
        }
        if (endpoint->gate->shared() && endpoint->gate->first() == endpoint) endpoint->gate->drop_first();
        if (attempt(endpoint, endpoint->take()))
            consider(endpoint);
        else
            timers_.set(endpoint, context_.steady_ms() + try_again_ms);
        if (endpoint->gate->shared()) next_turn(*endpoint->gate);
    }
    pump_.fire();
}

// What it needs of the store: its event, or those of all that go with it.
Sender::Found Sender::find_data(const EndpointRef& endpoint, Item& item) {
    return item.batch != 0 ? find_members(endpoint, item) : find_event(endpoint, item);
}

// The item's event. One that is owed a payload waits for it; what is held of an event may be older than its payload.
Sender::Found Sender::find_event(const EndpointRef& endpoint, Item& item) {
    const bool read = !item.data;
    if (read) {
        Reader* reader = context_.read();
        Result<EventRef> event = reader != nullptr ? cache_.get(*reader, item.event, item.first_event)
                                                   : Fault{Code::store, "the store cannot be read"};
        if (!event && event.fault().code != Code::not_found) {
            if (reader != nullptr) context_.read_failed(event.fault());
            endpoint->backlog.push_front(std::move(item));
            return Found::unreadable;
        }
        if (!event) {
            unsendable(endpoint, item, event.fault());
            return Found::nothing;
        }
        item.data = std::move(event).value();
    }
    if ((item.data->event().flags & event_owed) == 0) return item.shape == 0 ? Found::data : shaped(endpoint, item);
    if (seams_.park(endpoint->number, item, read)) return Found::parked;
    item.data.reset();
    if (read) {  // nobody takes it now
        endpoint->backlog.push_front(std::move(item));
        return Found::unreadable;
    }
    cache_.forget(item.event);
    return find_event(endpoint, item);
}

// The payload that its subscription's rules make of it.
Sender::Found Sender::shaped(const EndpointRef& endpoint, Item& item) {
    switch (seams_.shape(endpoint, item)) {
        case Shaper::Shaping::ready:
            return Found::data;
        case Shaper::Shaping::taken:
            return Found::parked;
        default:
            endpoint->backlog.push_front(std::move(item));
            return Found::unreadable;
    }
}

void Sender::end_unsent(const EndpointRef& endpoint, Outcome outcome) {
    if (outcome.state != DeliveryState::pending) {  // others of its lane may wait for that
        outcome.lets_go = std::max(1U, endpoint->settings->batch.most);
        outcome.let_go_ms = context_.run.now_ms();
    }
    outcomes_.add(endpoint, std::move(outcome));
    consider(endpoint);
    seams_.ended();
}

bool Sender::attempt(const EndpointRef& endpoint, Item item) {
    if (const Found found = find_data(endpoint, item); found != Found::data) return found != Found::unreadable;
    const Hands::Note in_hand = context_.hands.delivery(item.number);
    if (expire(endpoint, item)) return true;
    if (item.style == nullptr) {
        unsendable(endpoint, item, {Code::config, "the delivery's format is unknown"});
        return true;
    }
    Result<Renderer*> renderer = endpoint->renderer(*item.style);
    if (!renderer) {
        unsendable(endpoint, item, renderer.fault());
        return true;
    }
    TokenRef token;
    if (endpoint->settings->oauth.set() && (token = tokens_.find(*endpoint->settings)) == nullptr) {
        await_token(endpoint, std::move(item));
        return true;
    }
    const Event& event = item.data->event();
    const int64_t at_ms = context_.clock.wall_ms();
    const std::string id = spell_id(item.batch != 0 ? batch_prefix : delivery_prefix, item.number);
    DeliveryView view = delivery_view(event, id, item.number, endpoint->number, item.attempts + 1, at_ms);
    if (item.members)
        view.members = static_cast<unsigned>(item.members->list.size());
    else
        view.sequence = item.sequence;
    Result<std::shared_ptr<Target>> target = target_of(*endpoint, item, *renderer.value(), view);
    if (!target) {
        unsendable(endpoint, item, target.fault());
        return true;
    }
    const std::shared_ptr<const std::string> body = item.members
                                                        ? item.members->body(*item.style, *renderer.value(), view)
                                                        : item.data->body(*item.style, *renderer.value(), view);
    Fields headers = headers_of(*renderer.value(), view, *body, *endpoint->settings);
    tracing_.add(event, *endpoint->settings, endpoint->number, item.attempts + 1, headers);
    if (token) headers.insert(headers.begin(), {"Authorization", "Bearer " + std::string(token->reveal())});
    if (item.members) context_.counters.batches.fetch_add(1, std::memory_order_relaxed);
    const bool probe = begin(*endpoint);
    transport_->send(
        target.value(), headers, body,
        [self = self_, what = Try{endpoint, std::move(item), probe, at_ms, endpoint->settings,
                                  (event.flags & event_private) != 0, endpoint->gate, token}](SendResult result) {
            if (*self != nullptr) (*self)->finish(what, std::move(result));
        });
    return true;
}

// An attempt goes out; true when it is the breaker's probe.
bool Sender::begin(Endpoint& endpoint) {
    if (endpoint.inflight++ == 0) endpoint.heard_ms = context_.steady_ms();
    if (endpoint.slow) ++slow_inflight_;
    ++inflight_;
    context_.counters.attempts.fetch_add(1, std::memory_order_relaxed);
    context_.counters.inflight.store(inflight_, std::memory_order_relaxed);
    endpoint.gate->started(context_.clock.steady_us());
    return endpoint.breaker.start(endpoint.cap, context_.steady_ms());
}

// The endpoint's, but where the format makes a URL for each delivery: same scheme, host and port, as it promises.
Result<std::shared_ptr<Target>> Sender::target_of(const Endpoint& endpoint, const Item& item, Renderer& renderer,
                                                  const DeliveryView& view) {
    if (!endpoint.tagged) return endpoint.target;
    const Result<std::string> url = item.data->url(renderer, view);
    if (!url) return url.fault();
    if (url.value().empty()) return endpoint.target;
    TargetOptions options = endpoint.target_options;
    options.url.text = url.value();
    return transport_->target(options);
}

// Nothing could be sent: counts as an attempt without an answer, so that it ends as a dead letter that says why.
void Sender::unsendable(const EndpointRef& endpoint, const Item& item, const Fault& fault) {
    context_.log.write(Level::error, "dispatch: delivery " +
                                         spell_id(item.batch != 0 ? batch_prefix : delivery_prefix, item.number) +
                                         " for \"" + endpoint->name + "\" cannot be sent: " + fault.text);
    Outcome outcome = outcome_of(item);
    outcome.attempt.at_ms = context_.clock.wall_ms();
    outcome.attempt.error = name_of(SendError::internal);
    give_up(*endpoint, outcome);
    let_go(*endpoint, item, outcome);
    outcomes_.add(endpoint, std::move(outcome));
}

void Sender::finish(const Try& what, SendResult result) {
    const Hands::Note in_hand = context_.hands.delivery(what.item.number);
    Endpoint& endpoint = *what.endpoint;
    --endpoint.inflight;
    what.gate->ended();
    if (endpoint.slow) --slow_inflight_;
    --inflight_;
    context_.counters.inflight.store(inflight_, std::memory_order_relaxed);
    measure(endpoint, result.duration_us);
    if (!parked_.empty() && slow_inflight_ < std::max(1U, slots_ / 4 * 3)) {
        parked_.front()->listed = false;
        list(parked_.front());
        parked_.pop_front();
    }
    if (what.token && renew_token(what, result)) return;
    Outcome outcome = outcome_of(what.item);
    outcome.attempt.at_ms = what.at_ms;
    outcome.attempt.duration_ms = result.duration_us / 1000;
    outcome.attempt.status = result.status;
    if (result.error != SendError::none) outcome.attempt.error = what.tokenless ? no_token : name_of(result.error);
    judge(what, result, outcome);
    let_go(endpoint, what.item, outcome);
    outcome.attempt.answer = std::move(result.answer);
    if (endpoint.logged) outcome.attempt.head = std::move(result.head);
    outcomes_.add(what.endpoint, std::move(outcome));
    consider(what.endpoint);
    if (what.gate->shared()) next_turn(*what.gate);
    if (!ring_.empty()) pump_.fire();
    seams_.ended();
}

void Sender::measure(Endpoint& endpoint, int64_t duration_us) {
    endpoint.heard_ms = context_.steady_ms();
    endpoint.usual_us += (duration_us - endpoint.usual_us) / (endpoint.usual_us == 0 ? 1 : 8);
    set_slow(endpoint, endpoint.usual_us > (endpoint.slow ? slow_us / 2 : slow_us));
}

void Sender::set_slow(Endpoint& endpoint, bool slow) {
    if (slow == endpoint.slow) return;
    endpoint.slow = slow;
    slow_inflight_ = slow ? slow_inflight_ + endpoint.inflight : slow_inflight_ - endpoint.inflight;
}

void Sender::watch(Endpoint& endpoint) {
    if (endpoint.inflight > 0 && context_.steady_ms() - endpoint.heard_ms > slow_us / 1000) set_slow(endpoint, true);
    keep_failing(endpoint);
}

void Sender::durable(const OutcomeBatch& batch) {
    for (size_t i = 0; i < batch.outcomes.size(); ++i) {
        const Outcome& outcome = batch.outcomes[i];
        backlog_.release(outcome.attempt.delivery);
        if (outcome.state == DeliveryState::pending) backlog_.due_later(*batch.endpoints[i], outcome.due_ms);
        consider(batch.endpoints[i]);
    }
    wake_freed(batch);
    if (!batch.events.empty()) seams_.recorded();
    if (!ring_.empty()) pump_.fire();
    seams_.ended();
}

}  // namespace trot
