// What 100,000 subscriptions that were made through an API cost: matching an event, a page and a count of them, and the
// start of a dispatcher that has to know them all. Prints one JSON line; medians; CPU time but for the start.
// Usage: bench_managed [--quick] [--dir DIR]
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "dispatch/dispatcher.h"
#include "dispatch/managed.h"
#include "plan/subscription_json.h"
#include "store/store.h"

namespace {

using namespace trot;

constexpr int all = 100000;
constexpr int topics = 10000;  // ten subscriptions each

[[noreturn]] void die(const std::string& why) {
    std::fprintf(stderr, "%s\n", why.c_str());
    std::exit(2);
}

double cpu_us() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

double median_us(int rounds, const std::function<void()>& work) {
    std::vector<double> took;
    for (int i = 0; i < rounds; ++i) {
        const double begin = cpu_us();
        work();
        took.push_back(cpu_us() - begin);
    }
    std::sort(took.begin(), took.end());
    return took[took.size() / 2];
}

class Write final : public Job {
  public:
    Write(std::function<Result<void>(Tx&)> write, std::promise<Result<void>>& told)
        : write_(std::move(write)), told_(told) {}
    Result<void> write(Tx& tx) override { return write_(tx); }
    void done(const Result<void>& outcome) override { told_.set_value(outcome); }

  private:
    std::function<Result<void>(Tx&)> write_;
    std::promise<Result<void>>& told_;
};

void write_now(Store& store, std::function<Result<void>(Tx&)> write) {
    std::promise<Result<void>> told;
    std::unique_ptr<Job> job = std::make_unique<Write>(std::move(write), told);
    if (!store.writer().submit(job)) die("the writer takes nothing");
    if (const Result<void> done = told.get_future().get(); !done) die(done.fault().text);
}

std::string topic_of(int number) { return "order." + std::to_string(number % topics); }

ManagedRow row_of(int number) {
    Subscription settings;
    settings.url = check_url("https://receiver" + std::to_string(number) + ".example/hooks", {}).value();
    settings.topics = {topic_of(number)};
    settings.format = "woocommerce";
    settings.secrets.emplace_back("a secret of this subscription " + std::to_string(number));
    ManagedRow row;
    row.row.origin = "api:shop";
    row.row.url = settings.url.text;
    row.row.topics = settings.topics.front();
    row.row.format = "woocommerce";
    if (number % 3 == 0) {
        row.row.state = SubscriptionState::paused;
        row.row.reason = paused_by_api;
    }
    row.title = "Webhook " + std::to_string(number);
    row.document = "{\"name\":\"" + row.title + "\"}";
    row.settings = spell_settings(settings);
    return row;
}

void fill(Store& store) {
    for (int first = 0; first < all; first += 1000)
        write_now(store, [first](Tx& tx) -> Result<void> {
            for (int i = first; i < first + 1000; ++i) {
                ManagedRow row = row_of(i);
                if (Result<void> added = tx.add_managed(row); !added) return added;
            }
            return {};
        });
}

double page_ms(Reader& reader, const ManagedQuery& query, uint64_t total) {
    return median_us(15,
                     [&] {
                         const Result<ManagedPage> page = reader.list_managed(query);
                         if (!page) die(page.fault().text);
                         if (page.value().total != total || page.value().rows.size() != query.limit)
                             die("a wrong page");
                     }) /
           1000;
}

struct Matching {
    double nobody = 0, ten = 0, overlaid = 0;
};

Matching matching() {
    auto index = std::make_shared<TopicIndex>();
    Managed managed;
    managed.format = "woocommerce";
    for (int i = 0; i < all; ++i) {
        managed.topics = topic_of(i);
        if (!add_managed(*index, i + 1, managed, {}, {})) die("a topic is refused");
    }
    std::unordered_set<int64_t> hidden;
    for (int i = 0; i < 1000; ++i) hidden.insert(i * 100 + 1);
    auto over = std::make_shared<TopicIndex>(index, hidden);
    for (const int64_t number : hidden) {
        managed.topics = topic_of(static_cast<int>(number) - 1);
        if (!add_managed(*over, number, managed, {}, {})) die("a topic is refused");
    }
    Counters counters;
    EventMatcher matcher(system_clock(), counters);
    std::vector<const Listener*> found;
    Event event;
    event.number = 1;
    event.payload = std::make_shared<const std::string>("{\"id\":1}");
    const auto us = [&](const TopicIndex& in, int from, size_t expected) {
        return median_us(31,
                         [&] {
                             for (int i = 0; i < 1000; ++i) {
                                 event.topic = "order." + std::to_string(from + i * 7 % topics);
                                 matcher.find(in, event, found);
                                 if (found.size() != expected) die("matches " + std::to_string(found.size()));
                             }
                         }) /
               1000;
    };
    return {us(*index, topics, 0), us(*index, 0, 10), us(*over, 0, 10)};
}

// Takes everything and answers nothing.
class Silent final : public Transport {
  public:
    Result<std::shared_ptr<Target>> target(const TargetOptions& /*options*/) override {
        return std::make_shared<Target>();
    }
    void send(const std::shared_ptr<Target>& /*target*/, const Fields& /*headers*/,
              const std::shared_ptr<const std::string>& /*body*/, std::function<void(SendResult)> /*done*/) override {}
    void set_guard(std::shared_ptr<const Guard> /*guard*/) override {}
    size_t inflight() const override { return 0; }
};

// Until an event that waits has its deliveries: then all subscriptions are known.
double start_ms(Store& store, const PlanPtr& plan) {
    write_now(store, [](Tx& tx) -> Result<void> {
        Event event;
        event.topic = topic_of(1);
        event.payload = std::make_shared<const std::string>("{}");
        return tx.add_event(event);
    });
    const auto begin = std::chrono::steady_clock::now();
    Counters counters;
    DispatchOptions options;
    options.store = &store;
    options.plan = plan;
    options.counters = &counters;
    options.transport = [](event_base*, const Plan&) -> Result<std::unique_ptr<Transport>> {
        return std::unique_ptr<Transport>(std::make_unique<Silent>());
    };
    Result<std::unique_ptr<Dispatcher>> made = start_dispatcher(options);
    if (!made) die(made.fault().text);
    while (counters.expanded.load() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    made.value()->stop(1000);
    return took.count();
}

}  // namespace

int main(int argc, char** argv) {
    std::string dir = "/var/tmp";
    for (int at = 1; at < argc; ++at)
        if (std::string(argv[at]) == "--dir" && at + 1 < argc) dir = argv[++at];
    dir += "/trotline-bench-XXXXXX";
    if (mkdtemp(dir.data()) == nullptr) die("no folder " + dir);
    const Matching match = matching();
    {
        StoreOptions options;
        options.path = dir;
        Result<std::unique_ptr<Store>> store = open_store(options);
        if (!store) die(store.fault().text);
        fill(*store.value());
        const Result<std::unique_ptr<Reader>> reader = store.value()->reader();
        if (!reader) die(reader.fault().text);
        ManagedQuery query;
        query.api = "shop";
        const double first = page_ms(*reader.value(), query, all);
        query.offset = all - 10;
        const double last = page_ms(*reader.value(), query, all);
        query.offset = 0;
        query.state = SubscriptionState::active;
        const double active = page_ms(*reader.value(), query, all - (all + 2) / 3);
        auto plan = std::make_shared<Plan>();
        plan->apis.emplace_back().name = "shop";
        std::vector<double> starts;
        for (int i = 0; i < 3; ++i) starts.push_back(start_ms(*store.value(), plan));
        std::sort(starts.begin(), starts.end());
        std::printf(
            "{\"nobody_us\":%.2f,\"ten_us\":%.2f,\"overlaid_us\":%.2f,\"first_page_ms\":%.2f,\"last_page_ms\":%.2f,"
            "\"active_page_ms\":%.2f,\"start_ms\":%.0f}\n",
            match.nobody, match.ten, match.overlaid, first, last, active, starts[1]);
        store.value()->writer().stop(1000);
    }
    std::filesystem::remove_all(dir);
    return 0;
}
