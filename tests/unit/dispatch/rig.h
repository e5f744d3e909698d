// What the dispatcher's tests share: a real store in a directory of its own, a plan made by hand, a transport that
// answers by script on the dispatcher's own loop, and a clock whose wall can jump. Bodies are in rig.cc: compiled once.
#pragma once

#include <event2/event.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "dispatch/dispatcher.h"
#include "store/store_fixture.h"

namespace trot_test {

// One attempt as it went out.
struct Sent {
    std::string url, id, body;
    bool get = false;      // a question to the upstream, no delivery
    bool options = false;  // … to the endpoint: its consent
    Fields headers;
    int64_t steady_ms = 0;
    size_t beside = 0;  // attempts in flight to the same url, this one among them
};

struct Answer {
    int status = 200;
    int after_ms = 0;  // negative: never
    SendError error = SendError::none;
    std::string retry_after = {};
    std::string body = {};
    bool whole = true, cut = false;  // see SendResult
    std::string head = {};
};

// The other side of every transport below: outlives them, so that a test sees what several dispatchers sent.
class Wire {
  public:
    Wire();
    ~Wire();
    using Script = std::function<Answer(const Sent&, size_t nth_of_url)>;

    void script(Script script) {
        const std::lock_guard<std::mutex> hold(lock_);
        script_ = std::move(script);
    }
    // Told of each answer just before the dispatcher is, on its loop; not of attempts that a process takes with it.
    void listen(std::function<void(const std::string& url, const std::string& id)> told) { told_ = std::move(told); }
    std::vector<Sent> sent();
    std::vector<Sent> sent_to(const std::string& part);
    size_t count() {
        const std::lock_guard<std::mutex> hold(lock_);
        return sent_.size();
    }
    // True as soon as that many attempts have gone out.
    bool wait(size_t count, int within_ms = 10000);

    Answer take(Sent one);
    void ended(const std::string& url, const std::string& id);
    void answered(const std::string& url, const std::string& id) {
        ended(url, id);
        if (told_) told_(url, id);
    }

    // A process has ended: what it had on the wire is nobody's any more.
    void forget_flights() {
        const std::lock_guard<std::mutex> hold(lock_);
        flying_.clear();
        flying_ids_.clear();
    }

    std::atomic<bool> doubled{false};

  private:
    std::mutex lock_;
    std::condition_variable changed_;
    Script script_;
    std::function<void(const std::string&, const std::string&)> told_;
    std::vector<Sent> sent_;
    std::map<std::string, size_t> nth_, flying_;
    std::set<std::string> flying_ids_;
};

std::unique_ptr<Transport> fake_transport(event_base* base, Wire& wire);

class JumpingClock final : public Clock {
  public:
    int64_t wall_ms() const override { return system_clock().wall_ms() + jump_ms.load(); }
    int64_t steady_us() const override { return system_clock().steady_us() + steady_jump_us.load(); }
    std::atomic<int64_t> jump_ms{0};
    std::atomic<int64_t> steady_jump_us{0};
};

Subscription subscription(const std::string& name, const std::vector<std::string>& topics = {"*"},
                          const std::vector<int64_t>& schedule_ms = {60, 60, 60});

std::shared_ptr<Plan> plan_of(std::vector<Subscription> subscriptions);

// A store with any number of dispatchers on it.
struct Rig {
    explicit Rig(std::shared_ptr<Plan> first);
    ~Rig();

    void open();
    void close();
    std::unique_ptr<Dispatcher> make(Store* over = nullptr);  // over: a store that stands between
    void start();
    // Events, in one commit; then the dispatcher is told.
    void add(size_t count, const std::string& topic = "order.created", size_t payload_bytes = 0);
    std::vector<DeliveryLine> deliveries(const std::string& state = "", size_t limit = 1000000);
    bool settled(size_t finished, int within_ms = 20000);
    SubscriptionRow row(const std::string& name);

    TempDir dir;
    std::string path;  // of the store; empty: one of its own
    JumpingClock clock;
    Log log;
    Counters counters;
    Wire wire;
    std::shared_ptr<Plan> plan;
    std::unique_ptr<Store> store;
    std::unique_ptr<Reader> reader;
    std::unique_ptr<Dispatcher> dispatcher;
};

const std::string& header(const Sent& sent, const std::string& name);

}  // namespace trot_test
