#include "dispatch/lead.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "egress/rules.h"

namespace trot {
namespace {

constexpr int64_t tick_ms = 500;
constexpr int64_t quiesce_ms = 2000;
constexpr int64_t write_ms = 1000;  // for outcomes, after the time for attempts is over
constexpr int cancel_step = 500;    // deliveries of a removed subscription

// A step of cancelling what a removed subscription had waiting: no commit shall be long for it.
struct Cancellation {
    int64_t subscription = 0;
    int cancelled = 0;

    Result<void> write(Tx& tx, bool) {
        const Result<int> done = tx.cancel_deliveries(subscription, cancel_step);
        if (!done) return done.fault();
        cancelled = done.value();
        return {};
    }
    static constexpr bool patient = true;
    static constexpr bool overtakes = false;
    static constexpr size_t bytes() { return size_t{cancel_step} * 64; }
};

// What a transport cannot change while it lives.
bool same_transport(const Plan& a, const Plan& b) {
    return a.egress.ca_file == b.egress.ca_file && a.egress.response_bytes == b.egress.response_bytes &&
           kept_connections(a) == kept_connections(b);
}

}  // namespace

unsigned kept_connections(const Plan& plan) {
    // How many an API will make is not known: a few thousand destinations that are in use.
    const uint64_t managed = plan.apis.empty() ? 0 : 4096;
    const uint64_t wanted = std::max<uint64_t>(plan.egress.connections, 2 * plan.subscriptions.size() + managed);
    rlimit files{};
    const uint64_t most = getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur / 2 : 512;
    return static_cast<unsigned>(std::max<uint64_t>(16, std::min<uint64_t>({wanted, most, 16384})));
}

Lead::Lead(Context& context, PlanPtr plan, MakeTransport make_transport, std::shared_ptr<FanOut> fan_out)
    : context_(context),
      plan_(std::move(plan)),
      make_transport_(std::move(make_transport)),
      fan_out_(std::move(fan_out)),
      lock_(context.store.path()),
      subscriptions_(context),
      sender_(
          context, cache_,
          {[this](const Endpoint& endpoint) {
               subscriptions_.note(endpoint);
               publish();
           },
           [this] {
               if (fan_out_->behind()) expander_.poll();
           },
           [this] {
               look_left();
               if (load_waits_ && state_ == State::leading && !loading_ && !sender_.outcomes().changing()) load();
           },
           [this](int64_t subscription, Item& item, bool surely) { return hydrator_.park(subscription, item, surely); },
           [this](const Delivery& delivery) { gatherer_.gathers(delivery, 0); },
           [this](const EndpointRef& endpoint, Item& item) { return shaper_.shape(endpoint, item); },
           [this](const EndpointRef& endpoint, const Item& batch, Members& members) {
               return shaper_.shape(endpoint, batch, members);
           }}),
      shaper_(
          context, cache_,
          {[this](int64_t subscription, Item item) {
               sender_.unpark(subscriptions_.by_number(subscription), std::move(item));
           },
           [this](const EndpointRef& endpoint, Outcome outcome) { sender_.end_unsent(endpoint, std::move(outcome)); },
           [this](const EndpointRef& endpoint) { sender_.consider(endpoint); }}),
      hydrator_(context, cache_,
                {[this](int64_t subscription, Item item) {
                     sender_.unpark(subscriptions_.by_number(subscription), std::move(item));
                 },
                 [this] { look_left(); }}),
      gatherer_(context, {[this](int64_t subscription) { return subscriptions_.by_number(subscription); },
                          [this](const Delivery& closed) { send(closed, nullptr); }, [this] { look_left(); }}),
      expander_(context, cache_, *fan_out_, subscriptions_.topics(),
                {[this](const Delivery& delivery, const EventRef& event) { made(delivery, event); },
                 [this] {
                     for (const auto& [number, endpoint] : subscriptions_.all()) sender_.read_anew(endpoint);
                     gatherer_.look();
                     missed_ = true;
                 },
                 [this] { follow(); }}),
      retention_(context),
      deaths_(context, [this] { load(); }),
      tasks_(context, subscriptions_.topics(),
             [this](int64_t subscription, bool less) { look_again(subscription, less); }),
      tick_(context.base, -1, 0, [this] { tick(); }) {
    fan_out_->on_landed([this](Ride& ride, const Result<void>& result) { expander_.landed(ride, result); });
}

Lead::~Lead() = default;

void Lead::begin() { tick(); }

void Lead::made(const Delivery& delivery, const EventRef& event) {
    if ((event->event().flags & event_owed) != 0) hydrator_.made(event->event());
    if (delivery.state == DeliveryState::queued) return;  // what is before it lets it go
    if (delivery.state == DeliveryState::gathering) {
        if (delivery.first_event != 0) context_.counters.coalesced.fetch_add(1, std::memory_order_relaxed);
        return gatherer_.gathers(delivery, event->event().payload ? event->event().payload->size() : 0);
    }
    send(delivery, event);
}

void Lead::send(const Delivery& delivery, const EventRef& event) {
    if (const EndpointRef endpoint = subscriptions_.by_number(delivery.subscription))
        sender_.offer(endpoint, delivery, event);
    else
        missed_ = true;
}

void Lead::tick() {
    tick_.arm_ms(tick_ms);
    fan_out_->set_time(context_.run.now_ms());
    std::erase_if(retired_, [](const std::shared_ptr<Transport>& old) { return old->inflight() == 0; });
    switch (state_) {
        case State::away:
            if (!quiet_) enter();
            break;
        case State::loading:
            deaths_.look();
            if (deaths_.done() && !loading_) load();
            break;
        case State::leading:
            if (!lock_.intact()) {
                context_.log.write(Level::alarm,
                                   "dispatch: the store's leader.lock has been removed or replaced; stepping down");
                leave(quiesce_ms);
                break;
            }
            if (plan_ != running_ && !loading_) load();
            follow();
            if (missed_) wake_waiting();
            subscriptions_.forget_idle();
            for (const int64_t number : std::exchange(uncancelled_, {})) cancel(number);
            for (const auto& [number, endpoint] : subscriptions_.all()) sender_.watch(*endpoint);
            expander_.poll();
            tasks_.look();
            break;
        case State::leaving:
            look_left();
            break;
    }
}

void Lead::poll() {
    follow();
    expander_.poll();
}

// What management APIs changed: one number is read from the store, mostly to see that nothing did.
void Lead::follow() {
    if (state_ != State::leading || loading_) return;
    const Result<Subscriptions::Followed> followed = subscriptions_.follow();
    if (!followed || !followed.value().changed) return;
    take(followed.value());
    expander_.renewed();
    publish();
    if (followed.value().reload) load();
}

void Lead::take(const Subscriptions::Followed& followed) {
    for (const EndpointRef& endpoint : followed.gone) {
        sender_.drop(*endpoint);
        missed_ = missed_ || !endpoint->ended;
    }
    for (const EndpointRef& endpoint : followed.present) {
        sender_.drop(*endpoint);  // what is queued was made for what it was before
        sender_.consider(endpoint);
    }
    for (const int64_t number : followed.removed) cancel(number);
}

// Managed ones that have deliveries waiting get their endpoints.
void Lead::wake_waiting() {
    Reader* reader = context_.read();
    if (reader == nullptr) return;
    const Result<std::vector<int64_t>> waiting = reader->waiting_subscriptions();
    if (!waiting) return context_.read_failed(waiting.fault());
    missed_ = false;
    for (const int64_t number : waiting.value()) {
        if (subscriptions_.known(number)) continue;
        if (const EndpointRef endpoint = subscriptions_.by_number(number)) sender_.consider(endpoint);
    }
}

void Lead::cancel(int64_t subscription) {
    auto step = std::make_shared<Cancellation>();
    step->subscription = subscription;
    ++cancelling_;
    LoopJob<Cancellation>::submit(context_, std::move(step), [this](Cancellation& done, const Result<void>& result) {
        --cancelling_;
        if (state_ != State::leading) return look_left();  // the next leader goes on
        if (!result)
            uncancelled_.push_back(done.subscription);  // the store refuses: the tick tries again
        else if (done.cancelled == cancel_step)
            cancel(done.subscription);
    });
}

void Lead::enter() {
    const Result<bool> taken = lock_.take();
    if (!taken) {
        uint64_t more = 0;
        if (quiet_lock_.pass(context_.clock.steady_us(), more)) context_.log.write(Level::error, taken.fault().text);
        return;
    }
    if (!taken.value()) return;
    Result<std::unique_ptr<WakeSocket>> socket = WakeSocket::bind(context_.store.path());
    if (socket) {
        socket_ = std::move(socket).value();
        socket_event_ =
            std::make_unique<LoopEvent>(context_.base, socket_->fd(), static_cast<short>(EV_READ | EV_PERSIST), [this] {
                socket_->empty();
                poll();
            });
        socket_event_->arm();
    } else {
        context_.log.write(Level::warning, socket.fault().text + "; events of other processes are found by looking");
    }
    // Every process that leads has the same one. Without it deliveries go out without a trail, and none is believed.
    if (Result<Secret> trail = trail_secret(context_.store.path()); trail)
        context_.trail = std::make_shared<const Secret>(std::move(trail).value());
    else
        context_.log.write(Level::warning, "dispatch: " + trail.fault().text + "; deliveries carry no trotline-hop");
    state_ = State::loading;
    context_.counters.leader.store(1, std::memory_order_relaxed);
    deaths_.look();
}

// A task has changed what is in the store of one. What is queued may be cancelled; else it keeps its place.
void Lead::look_again(int64_t subscription, bool less) {
    if (state_ != State::leading) return look_left();
    const EndpointRef endpoint = subscriptions_.by_number(subscription);
    missed_ = missed_ || !endpoint;
    if (!endpoint) return;
    if (less) sender_.drop(*endpoint);
    sender_.read_anew(endpoint);
}

void Lead::load() {
    if (state_ != State::loading && state_ != State::leading) return look_left();
    // It begins with what the store says of each: what is on its way there comes first, or a subscription that was just
    // disabled would go on here. Not for long, though: the next tick does not wait.
    load_waits_ = !load_waits_ && sender_.outcomes().changing();
    if (load_waits_) return sender_.outcomes().flush();
    Result<std::shared_ptr<SubscriptionSet>> set = subscriptions_.prepare(plan_);
    if (!set) return;  // logged; the next tick tries again
    loading_ = true;
    fan_out_->pause();
    LoopJob<SubscriptionSet>::submit(
        context_, std::move(set).value(),
        [this](SubscriptionSet& written, const Result<void>& result) { loaded(written, result); });
}

// The transport for a plan and the guard it works under.
Result<void> Lead::equip(const Plan& plan) {
    Result<Guard> guard = guard_of(plan);
    if (!guard) return guard.fault();
    if (!transport_ || !running_ || !same_transport(*running_, plan)) {
        Result<std::unique_ptr<Transport>> made = make_transport_(context_.base, plan);
        if (!made) return made.fault();
        if (transport_) retired_.push_back(std::move(transport_));
        transport_ = std::move(made).value();
    }
    auto shared = std::make_shared<const Guard>(std::move(guard).value());
    transport_->set_guard(shared);
    for (const std::shared_ptr<Transport>& old : retired_) old->set_guard(shared);
    return {};
}

void Lead::loaded(const SubscriptionSet& set, const Result<void>& result) {
    loading_ = false;
    if (state_ != State::loading && state_ != State::leading) return look_left();
    Result<void> ready = result;
    if (ready) ready = equip(*set.plan);
    if (!ready) {
        context_.log.write(Level::error, "dispatch: subscriptions cannot be loaded yet: " + ready.fault().text);
        publish();
        expander_.poll();
        return;
    }
    // Where nobody subscribed, what came until now is nobody's.
    if (state_ == State::leading && subscriptions_.topics()->empty()) expander_.poll();
    const Subscriptions::Applied applied =
        subscriptions_.apply(set, transport_, std::max(1U, set.plan->egress.connections));
    running_ = set.plan;
    expander_.set_patient(running_->store.guarantee == Guarantee::async);
    for (const EndpointRef& endpoint : applied.gone) sender_.drop(*endpoint);
    for (const EndpointRef& endpoint : applied.present)
        if (!endpoint->active()) sender_.drop(*endpoint);
    sender_.start(transport_, running_->egress.connections);
    hydrator_.start(running_, transport_);
    gatherer_.start();
    for (const EndpointRef& endpoint : applied.present) sender_.consider(endpoint);
    retention_.start(running_->store);
    // Without them no event is expanded: the generation does not fit until they are there.
    bool again = false;
    if (const Result<Subscriptions::Followed> followed = subscriptions_.follow(); followed) {
        take(followed.value());
        again = followed.value().reload;
        if (followed.value().changed) expander_.renewed();
    }
    wake_waiting();
    if (state_ == State::loading) {
        state_ = State::leading;
        context_.log.write(Level::info, "dispatch: this process delivers for the store " + context_.store.path());
        expander_.start();
    }
    publish();
    expander_.poll();  // for subscriptions that are the first
    if (again || plan_ != running_) load();
}

void Lead::publish() {
    if (state_ == State::leading) fan_out_->publish(subscriptions_.topics());
}

void Lead::swap(PlanPtr plan) {
    plan_ = std::move(plan);
    if (state_ == State::leading && !loading_) load();
}

void Lead::quiesce() {
    quiet_ = true;
    leave(quiesce_ms);
}

void Lead::stop(int64_t drain_ms, std::function<void()> done) {
    quiet_ = true;
    done_ = std::move(done);
    leave(drain_ms);
}

void Lead::leave(int64_t most_ms) {
    if (state_ == State::away) {
        if (done_) done_();
        return;
    }
    leave_by_ms_ = context_.steady_ms() + most_ms;
    state_ = State::leaving;
    fan_out_->retire();
    sender_.stop();
    hydrator_.stop();
    gatherer_.stop();
    shaper_.stop();
    expander_.stop();
    retention_.stop();
    tasks_.stop();
    look_left();
}

void Lead::look_left() {
    if (state_ != State::leaving) return;
    const int64_t now = context_.steady_ms();
    const bool attempts_end = sender_.inflight() == 0 || now >= leave_by_ms_;
    if (attempts_end) sender_.outcomes().flush();
    const bool written = sender_.outcomes().idle() && expander_.idle() && retention_.idle() && hydrator_.idle() &&
                         gatherer_.idle() && deaths_.idle() && tasks_.idle() && !loading_ && cancelling_ == 0;
    if (attempts_end && (written || now >= leave_by_ms_ + write_ms)) return left();
    tick_.arm_ms(20);
}

void Lead::left() {
    load_waits_ = false;
    if (sender_.inflight() > 0)
        context_.log.write(Level::notice, "dispatch: " + std::to_string(sender_.inflight()) +
                                              " attempts were still in flight; their deliveries are sent again");
    for (const auto& [number, endpoint] : subscriptions_.all()) sender_.drop(*endpoint);
    subscriptions_.clear();
    uncancelled_.clear();  // the next leader reads who they are
    running_.reset();
    socket_event_.reset();
    deaths_.leave();
    socket_.reset();  // before the lock: the next leader binds its own
    lock_.release();
    context_.counters.leader.store(0, std::memory_order_relaxed);
    state_ = State::away;
    if (done_) done_();
}

}  // namespace trot
