#include "dispatch/rig.h"

namespace trot_test {
namespace {

class FakeTransport final : public Transport {
  public:
    FakeTransport(event_base* base, Wire& wire) : base_(base), wire_(wire) {}
    ~FakeTransport() override {
        for (auto& [flight, unused] : flights_) {
            wire_.ended(flight->target, flight->id);
            event_free(flight->timer);
            delete flight;
        }
    }

    Result<std::shared_ptr<Target>> target(const TargetOptions& options) override {
        auto made = std::make_shared<Named>();
        made->url = options.url.text;
        made->options = options.options_method;
        return std::shared_ptr<Target>(std::move(made));
    }
    void send(const std::shared_ptr<Target>& target, const Fields& headers,
              const std::shared_ptr<const std::string>& body, std::function<void(SendResult)> done) override {
        Sent one;
        one.url = static_cast<Named&>(*target).url;
        one.headers = headers;
        if (const std::string* id = find_field(headers, "webhook-id")) one.id = *id;
        one.get = body == nullptr;
        one.options = static_cast<Named&>(*target).options;
        if (body) one.body = *body;
        one.steady_ms = system_clock().steady_us() / 1000;
        const std::string id = one.id;
        const Answer answer = wire_.take(std::move(one));
        auto* flight = new Flight{this, static_cast<Named&>(*target).url, id, answer, std::move(done), nullptr};
        flight->timer = event_new(base_, -1, 0, land, flight);
        flights_[flight] = true;
        if (answer.after_ms < 0) return;
        const timeval wait{answer.after_ms / 1000, answer.after_ms % 1000 * 1000};
        event_add(flight->timer, &wait);
    }
    void set_guard(std::shared_ptr<const Guard> guard) override { guard_ = std::move(guard); }
    size_t inflight() const override { return flights_.size(); }

  private:
    struct Named : Target {
        std::string url;
        bool options = false;
    };
    struct Flight {
        FakeTransport* self;
        std::string target, id;
        Answer answer;
        std::function<void(SendResult)> done;
        event* timer;
    };
    static void land(evutil_socket_t, short, void* given) {
        auto* flight = static_cast<Flight*>(given);
        FakeTransport* self = flight->self;
        SendResult result;
        result.status = flight->answer.status;
        result.error = flight->answer.error;
        result.retry_after = flight->answer.retry_after;
        result.answer = flight->answer.body;
        result.whole = flight->answer.whole;
        result.cut = flight->answer.cut;
        result.head = flight->answer.head;
        result.duration_us = flight->answer.after_ms * 1000;
        self->flights_.erase(flight);
        self->wire_.answered(flight->target, flight->id);
        event_free(flight->timer);
        const auto done = std::move(flight->done);
        delete flight;
        done(std::move(result));
    }

    event_base* base_;
    Wire& wire_;
    std::map<Flight*, bool> flights_;
    std::shared_ptr<const Guard> guard_;
};

}  // namespace

std::unique_ptr<Transport> fake_transport(event_base* base, Wire& wire) {
    return std::make_unique<FakeTransport>(base, wire);
}

bool Wire::wait(size_t count, int within_ms) {
    std::unique_lock<std::mutex> hold(lock_);
    return changed_.wait_for(hold, std::chrono::milliseconds(within_ms), [&] { return sent_.size() >= count; });
}

Answer Wire::take(Sent one) {
    const std::lock_guard<std::mutex> hold(lock_);
    const size_t nth = ++nth_[one.url];
    one.beside = ++flying_[one.url];
    // Twice at once the same delivery is the one thing that must never happen.
    if (!one.get && !flying_ids_.insert(one.id).second) doubled = true;
    Answer answer = script_ ? script_(one, nth) : Answer{};
    sent_.push_back(std::move(one));
    changed_.notify_all();
    return answer;
}

std::vector<Sent> Wire::sent() {
    const std::lock_guard<std::mutex> hold(lock_);
    return sent_;
}

std::vector<Sent> Wire::sent_to(const std::string& part) {
    std::vector<Sent> out;
    for (const Sent& one : sent())
        if (one.url.find(part) != std::string::npos) out.push_back(one);
    return out;
}

void Wire::ended(const std::string& url, const std::string& id) {
    const std::lock_guard<std::mutex> hold(lock_);
    --flying_[url];
    flying_ids_.erase(id);
}

Subscription subscription(const std::string& name, const std::vector<std::string>& topics,
                          const std::vector<int64_t>& schedule_ms) {
    Subscription out;
    out.name = name;
    out.topics = topics;
    out.url.text = "http://127.0.0.1:9999/" + name;
    out.url.host = "127.0.0.1";
    out.url.literal = true;
    out.url.port = 9999;
    out.url.path = "/" + name;
    out.secrets.emplace_back("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    out.schedule_ms = schedule_ms;
    return out;
}

std::shared_ptr<Plan> plan_of(std::vector<Subscription> subscriptions) {
    auto plan = std::make_shared<Plan>();
    plan->subscriptions = std::move(subscriptions);
    static std::atomic<uint64_t> generation{0};
    plan->generation = ++generation;
    return plan;
}

const std::string& header(const Sent& sent, const std::string& name) {
    static const std::string none;
    const std::string* value = find_field(sent.headers, name);
    return value != nullptr ? *value : none;
}

void Rig::open() {
    StoreOptions options;
    options.path = path.empty() ? dir.path() + "/store" : path;
    options.log = &log;
    options.counters = &counters;
    options.clock = &clock;
    Result<std::unique_ptr<Store>> opened = open_store(options);
    assert_fine(opened);
    store = std::move(opened).value();
    reader = std::move(store->reader()).value();
}

void Rig::close() {
    if (dispatcher) dispatcher->stop(2000);
    dispatcher.reset();
    reader.reset();
    if (store) store->writer().stop(2000);
    store.reset();
}

std::unique_ptr<Dispatcher> Rig::make(Store* over) {
    DispatchOptions options;
    options.store = over != nullptr ? over : store.get();
    options.plan = plan;
    options.clock = &clock;
    options.log = &log;
    options.counters = &counters;
    options.transport = [this](event_base* base, const Plan&) -> Result<std::unique_ptr<Transport>> {
        return fake_transport(base, wire);
    };
    Result<std::unique_ptr<Dispatcher>> made = start_dispatcher(options);
    assert_fine(made);
    return std::move(made).value();
}

void Rig::add(size_t count, const std::string& topic, size_t payload_bytes) {
    assert_fine(write_now(*store, [&](Tx& tx) -> Result<void> {
        for (size_t i = 0; i < count; ++i) {
            Event event = some_event(
                topic, "{\"n\":" + std::to_string(i) + ",\"fill\":\"" + std::string(payload_bytes, 'x') + "\"}");
            if (Result<void> added = tx.add_event(event); !added) return added;
        }
        return {};
    }));
    if (dispatcher) dispatcher->wake();
}

std::vector<DeliveryLine> Rig::deliveries(const std::string& state, size_t limit) {
    Filter filter;
    filter.state = state;
    filter.limit = limit;
    filter.oldest_first = true;
    auto lines = reader->list_deliveries(filter);
    assert_fine(lines);
    return std::move(lines).value();
}

bool Rig::settled(size_t finished, int within_ms) {
    return eventually([&] { return deliveries().size() >= finished && deliveries("pending").empty(); }, within_ms);
}

SubscriptionRow Rig::row(const std::string& name) {
    auto rows = reader->subscriptions();
    assert_fine(rows);
    for (const SubscriptionRow& one : rows.value())
        if (one.name == name) return one;
    return {};
}

Rig::Rig(std::shared_ptr<Plan> first) : plan(std::move(first)) { open(); }
Rig::~Rig() { close(); }

void Rig::start() { dispatcher = make(); }

Wire::Wire() = default;
Wire::~Wire() = default;

}  // namespace trot_test
